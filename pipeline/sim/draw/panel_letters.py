"""Writing on panels: Latin letters of OpenCV's own fonts, and a few Chinese characters as strokes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 192
LATIN = "0123456789ABCEFHKLMNPRSTUXYZ"
CHARACTERS = ("口", "目", "田", "中", "十", "靶", "标", "目标", "排口", "排污口", "污口")

# Strokes on a square of 10 by 10, y down: "x y x y …", a stroke each.
_STROKES = {
    "口": "1 1 9 1 9 9 1 9 1 1",
    "目": "2 0 8 0 8 10 2 10 2 0|2 3.3 8 3.3|2 6.7 8 6.7",
    "田": "1 1 9 1 9 9 1 9 1 1|5 1 5 9|1 5 9 5",
    "中": "1 2.5 9 2.5 9 6.5 1 6.5 1 2.5|5 0 5 10",
    "十": "0 5 10 5|5 0 5 10",
    "标": "0 3 4 3|2 0 2 10|2 3.5 0 7|2 3.5 4 6|5 1.5 9.5 1.5|4.5 4 10 4|7.2 4 7.2 10 6.2 9.3"
    "|5.8 6 4.8 8.5|8.6 6 9.8 8.5",
    "排": "0 2.5 3.6 2.5|2 0 2 9.6 0.8 9|0 6.3 3.6 5|5.5 0 5.5 10|3.9 2.2 5.5 2.2|3.9 4.8 5.5 4.8|3.9 7.5 5.5 7.2"
    "|7.4 0 7.4 10|7.4 2.2 10 2.2|7.4 4.8 10 4.8|7.4 7.4 10 7.4",
    "污": "0.8 0.5 2.2 1.8|0.2 3.5 1.7 4.8|0.3 9.5 2.3 6|4 1 9.5 1|3.2 4 10 4|5.6 4 4.9 6.2 9.2 6.2 8.4 9.6 6.8 9.2",
    "靶": "0 1 5 1|1.5 0 1.5 2.6 3.6 2.6|3.6 0 3.6 2.6|0.8 3.4 4.3 3.4 4.3 5.4 0.8 5.4 0.8 3.4|2.5 2.6 2.5 10"
    "|0 7.4 5 7.4|6 1 9.5 1 9.5 4.6 6 4.6|7.8 1 7.8 4.6|6 1 6 9.3 10 9.3 10 7.6",
}  # fmt: skip


def strokes(character: str) -> list[list[tuple[float, float]]]:
    """The strokes of a character of `CHARACTERS`, each a list of points within -1..1, y down."""
    found = []
    for stroke in _STROKES[character].split("|"):
        values = [float(v) / 5 - 1 for v in stroke.split()]
        found.append(list(zip(values[::2], values[1::2], strict=True)))
    return found


def lettered(rng: np.random.Generator) -> NDArray[np.uint8]:
    """(192, 192) grey picture of one to three letters or digits, 255 where there is ink."""
    import cv2

    word = "".join(LATIN[int(i)] for i in rng.integers(len(LATIN), size=int(rng.choice([1, 1, 2, 2, 3]))))
    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    thick = int(rng.integers(12, 26)) // len(word) + 3
    (wide, high), _ = cv2.getTextSize(word, face, 1.0, 1)
    scale = (SIDE * 0.82 - thick) / max(wide, high)
    (wide, high), _ = cv2.getTextSize(word, face, scale, thick)
    at = ((SIDE - wide) // 2, (SIDE + high) // 2)
    picture = np.zeros((SIDE, SIDE), np.uint8)
    cv2.putText(picture, word, at, face, scale, 255, thick, cv2.LINE_AA)
    return picture
