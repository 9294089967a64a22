"""Whether two sides' boxes are equal: to a pixel and a hundredth of confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.detect.found import Found

MOST_PX, MOST_CONFIDENCE = 1.0, 0.01


@dataclass(frozen=True)
class Agreement:
    """How many of one side's boxes the other has as well."""

    theirs: int
    ours: int
    partners: int
    worst_px: float  # of the partners
    worst_confidence: float

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.theirs + other.theirs,
            self.ours + other.ours,
            self.partners + other.partners,
            max(self.worst_px, other.worst_px),
            max(self.worst_confidence, other.worst_confidence),
        )

    def told(self) -> str:
        """One line."""
        return (
            f"{self.partners} of their {self.theirs} boxes have a partner within {MOST_PX:g} px and "
            f"{MOST_CONFIDENCE:g} (at worst {self.worst_px:.4f} px, {self.worst_confidence:.5f}), "
            f"{self.theirs - self.partners} have none; {self.ours - self.partners} of ours are over"
        )


NONE = Agreement(0, 0, 0, 0.0, 0.0)


def agreement(ours: Found, theirs: Found) -> Agreement:
    """Pairs of one class, the nearest first, each box once."""
    far = np.abs(ours.boxes[:, None].astype(float) - theirs.boxes[None].astype(float)).max(2, initial=0)
    off = np.abs(ours.scores[:, None].astype(float) - theirs.scores[None].astype(float))
    equal = (far <= MOST_PX) & (off <= MOST_CONFIDENCE) & (ours.labels[:, None] == theirs.labels[None])
    i, j = np.nonzero(equal)
    used: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for k in np.lexsort((off[i, j], far[i, j])):
        if i[k] not in used[0] and j[k] not in used[1]:
            used[0].add(int(i[k]))
            used[1].add(int(j[k]))
            pairs.append((far[i[k], j[k]], off[i[k], j[k]]))
    worst = np.array(pairs).max(0) if pairs else (0.0, 0.0)
    return Agreement(len(theirs), len(ours), len(pairs), float(worst[0]), float(worst[1]))
