"""Labels in YOLO's text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import MissionError
from pipeline.learn.labels import box_px, read_boxes, read_labelled, share_of, write_boxes

sides = st.floats(0, 500, allow_nan=False)


@given(sides, sides, st.floats(1, 100), st.floats(1, 100))
def test_a_box_survives_the_way_there_and_back(x: float, y: float, w: float, h: float) -> None:
    box = (x - 0.5, y - 0.5, x + w - 0.5, y + h - 0.5)
    assert box_px(share_of(2, box, 640, 700), 640, 700) == pytest.approx(box, abs=1e-9)


def test_the_whole_picture_is_a_share_of_one() -> None:
    assert share_of(0, (-0.5, -0.5, 99.5, 49.5), 100, 50) == (0, 0.5, 0.5, 1.0, 1.0)
    assert box_px((0, 0.5, 0.5, 3.0, 1.0), 100, 50) == (-0.5, -0.5, 99.5, 49.5)  # cut at the border


def test_files_round_trip_and_an_outline_becomes_its_box(tmp_path: Path) -> None:
    file = tmp_path / "标注.txt"
    write_boxes(file, [(1, 0.5, 0.25, 0.125, 0.5)])
    assert read_boxes(file) == ((1, 0.5, 0.25, 0.125, 0.5),)
    file.write_text("0 0.1 0.1 0.5 0.1 0.5 0.3 0.1 0.3\n\n")
    assert read_boxes(file)[0] == pytest.approx((0, 0.3, 0.2, 0.4, 0.2))
    assert read_boxes(tmp_path / "none.txt") == ()


@pytest.mark.parametrize(
    "line", ["0 0.1 0.2 0.3", "x 1 1 1 1", "0 nan 0.1 0.1 0.1", "-1 0.1 0.1 0.1 0.1", "1.5 1 1 1 1", "0 .5 .5 -.1 .1"]
)
def test_what_is_no_label_is_refused_by_file_and_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(MissionError, match=r"a\.txt: line 2"):
        read_boxes(file)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="images"):
        read_labelled(tmp_path)
    with pytest.raises(MissionError, match="is no folder"):
        read_labelled(tmp_path / "none")


def test_labels_are_the_same_bytes_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def as_on_windows(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text.replace("\n", "\r\n").encode())

    monkeypatch.setattr(Path, "write_text", as_on_windows)
    write_boxes(tmp_path / "a.txt", [(1, 0.5, 0.25, 0.125, 0.5)])
    assert (tmp_path / "a.txt").read_bytes() == b"1 0.500000 0.250000 0.125000 0.500000\n"


def test_labels_from_an_editor_that_marks_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf0 0.5 0.5 0.1 0.1\r\n")
    assert read_boxes(tmp_path / "a.txt") == ((0, 0.5, 0.5, 0.1, 0.1),)
