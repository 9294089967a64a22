"""What passes between the parts of the adjustment: features of pictures, pairs of them, and ties of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Features:
    """What can be recognised in one picture, in an order that depends on nothing but the picture.

    px: (N, 2) in pixels of the full picture; descriptors: (N, 128) uint8; step_px: full pixels that one pixel of the
    searched copy covers, to which the accuracy of `px` is proportional.
    """

    px: Array
    descriptors: NDArray[np.uint8]
    step_px: float


@dataclass(frozen=True, eq=False)
class Pair:
    """What two pictures see in common.

    first, second: indices into the list of frames, first < second; rows: (M, 2) indices into their features.
    """

    first: int
    second: int
    rows: Indices


@dataclass(frozen=True, eq=False)
class Ties:
    """M observations of things that two or more pictures see.

    frame: (M,) indices into the list of frames; point: (M,) which thing, 0 … P − 1; px: (M, 2) in pixels of the full
    picture; sigma_px: (M,) one-sigma error of each axis.
    """

    frame: Indices
    point: Indices
    px: Array
    sigma_px: Array

    @property
    def points(self) -> int:
        return int(self.point.max()) + 1 if len(self.point) else 0
