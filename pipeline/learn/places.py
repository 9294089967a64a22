"""Which places are asked about and never learned from, decided by the place alone.

The ground is parted into squares of `CELL_M`; a square is held out, watched or learned from by the SHA-256 of its
number. So a later version of a data set holds out every place that an earlier one did, whatever was reviewed since and
whoever made it, and needs no list of them. Nothing is learned from within `GUARD_M` of a square that is held out:
places are known to some metres only, and what lies at the edge of one square shows in the pictures of the next.
"""

from __future__ import annotations

import hashlib
import math

CELL_M = 150.0
GUARD_M = 25.0
METRES_A_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km
SALT = "qianliyan reviews 1"  # another one would make other places known to models that exist
HELD_OUT, WATCH, TRAIN, NEAR = "real", "watch", "train", ""
HELD_OUT_SHARE, WATCH_SHARE = 0.3, 0.12


def cell_of(lon_deg: float, lat_deg: float) -> str:
    """The square of a place, as "row,column"; columns are as wide as rows are high."""
    row = math.floor(lat_deg * METRES_A_DEGREE / CELL_M)
    middle_deg = (row + 0.5) * CELL_M / METRES_A_DEGREE
    width_deg = CELL_M / (METRES_A_DEGREE * max(0.01, math.cos(math.radians(middle_deg))))
    return f"{row},{math.floor(((lon_deg + 180) % 360) / width_deg)}"


def lot_of(cell: str) -> float:
    """0 to 1, even over all squares and always the same for one."""
    return int.from_bytes(hashlib.sha256(f"{SALT}:{cell}".encode()).digest()[:8]) / 2**64


def set_of(lon_deg: float, lat_deg: float) -> str:
    """HELD_OUT, WATCH or TRAIN; NEAR where a square that is held out is too close to learn from."""
    own = lot_of(cell_of(lon_deg, lat_deg))
    if own < HELD_OUT_SHARE:
        return HELD_OUT
    up = GUARD_M / METRES_A_DEGREE
    right = up / max(0.01, math.cos(math.radians(lat_deg)))
    around = [(lon_deg + i * right, lat_deg + j * up) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    if any(lot_of(cell_of(*place)) < HELD_OUT_SHARE for place in around):
        return NEAR
    return WATCH if own < HELD_OUT_SHARE + WATCH_SHARE else TRAIN
