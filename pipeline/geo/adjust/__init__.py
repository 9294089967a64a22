"""Attitudes, positions and lenses corrected from what overlapping pictures see in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.geo.adjust.block import Block, conclude
from pipeline.geo.adjust.matches import Ties
from pipeline.geo.adjust.problem import Levelled, pose_the_problem
from pipeline.geo.adjust.solve import solve
from pipeline.geo.ground import Surface
from pipeline.types import ControlPoint, Frame


def adjust(
    frames: Sequence[Frame],
    ties: Ties,
    surface: Surface,
    fixed: Sequence[ControlPoint] = (),
    level: Mapping[str, Levelled] | None = None,
) -> Block:
    """Correct the poses of frames that can all be used, from what they see in common and what else is known.

    fixed: control points; level: pitch and roll by frame id, as horizons tell them. Raises NoPoseError for a frame
    without a pose.
    """
    return conclude(solve(pose_the_problem(frames, ties, surface, fixed, level)))


__all__ = ["Block", "Levelled", "Ties", "adjust"]
