"""Who pressed which shutter: bodies apart, each press once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.ingest.cameras import cameras_of, step_of
from pipeline.ingest.photo import read_photo

S = 1_000_000_000


def test_two_bodies_of_one_model_have_clocks_of_their_own(card: Any, headers: Any, tmp_path: Path) -> None:
    for i, serial in enumerate(("A1", "B2", "A1")):
        card.photo(f"{i}.jpg", tags={**headers.camera, "BodySerialNumber": serial}, values={})
    bodies = [read_photo(card.folder / f"{i}.jpg", card.folder).body for i in range(3)]
    assert bodies == ["FC6310 A1", "FC6310 B2", "FC6310 A1"]
    ids = ["0", "1", "2"]
    one, two = cameras_of(bodies, [2 * S, 5 * S, 1 * S], ids, ids, [None] * 3, ["EXIF"] * 3)
    assert list(one.rows) == [2, 0] and list(two.rows) == [1]


def test_lenses_of_one_press_count_once_and_photos_without_time_do_not() -> None:
    ids, presses = ["a", "b", "c", "d"], ["a", "a", "c", "d"]
    (camera,) = cameras_of(["M"] * 4, [S, S, None, 3 * S], presses, ids, [None] * 4, [""] * 4)
    assert list(camera.rows) == [0, 3]
    assert step_of(camera.written_ns) == 1.0
    assert step_of(camera.written_ns + 30_000_000) == 0.01
