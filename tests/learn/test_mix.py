"""What is learned from beside the verdicts: no photo that they hold out, and all of it counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.learn.description import write_description
from pipeline.learn.mix import mix, read_mixed
from tests.learn.reviewed_world import photo

BOX = "2 0.5 0.5 0.2 0.2\n"


def a_set(folder: Path, *entries: dict[str, Any]) -> Path:
    """A data set of ours with a box in every picture."""
    told = []
    for n, entry in enumerate(entries):
        picture = folder / "images" / entry["set"] / f"{n}.jpg"
        photo(picture, n)
        labels = folder / "labels" / entry["set"] / f"{n}.txt"
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text(BOX)
        told.append({"picture": f"images/{entry['set']}/{n}.jpg", **entry})
    (folder / "lists.json").write_text(json.dumps({"pictures": told}))
    write_description(folder)
    return folder


def learned_from(out: Path) -> set[str]:
    return {p.name for p in (out / "images").rglob("0-*")}


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    for n, name in enumerate(("held.JPG", "other.JPG")):
        photo(tmp_path / "flight" / name, 100 + n)
    return tmp_path / "flight"


@pytest.fixture
def reviews(tmp_path: Path, flight: Path) -> Path:
    """Verdicts that hold a photo out, and one of which no bytes are known."""
    sha = imagery.file_sha256(flight / "held.JPG")
    return a_set(
        tmp_path / "reviews",
        {"set": "train", "from": "t.JPG", "from_sha256": "1" * 64},
        {"set": "real", "from": "held.JPG", "from_sha256": sha},
        {"set": "real", "from": "film.mp4"},
    )


def test_a_photo_that_the_verdicts_hold_out_is_not_rehearsed(tmp_path: Path, flight: Path, reviews: Path) -> None:
    sha = imagery.file_sha256(flight / "held.JPG")
    (flight / "renamed.JPG").write_bytes((flight / "held.JPG").read_bytes())
    (flight / "other").mkdir()
    (flight / "other" / "held.JPG").write_bytes((flight / "other.JPG").read_bytes())
    rehearsal = a_set(
        tmp_path / "rehearsal",
        {"set": "train", "from": "elsewhere/x.JPG", "from_sha256": sha},  # 0: its bytes are told
        {"set": "train", "from": str(flight / "renamed.JPG")},  # 1: it still lies there
        {"set": "watch", "from": "D:\\gone\\HELD.jpg"},  # 2: all that is known is its name
        {"set": "train", "from": str(flight / "other.JPG")},  # 3
        {"set": "train", "from": str(flight / "other" / "held.JPG")},  # 4: another photo of the same name
        {"set": "train", "from": "x/held.JPG", "from_sha256": "2" * 64},  # 5: likewise
        {
            "set": "train",
            "from": "x/film.MP4",
            "from_sha256": "2" * 64,
        },  # 6: of the other only the name is known
        {"set": "train"},  # 7
    )
    mixed = mix(reviews, [rehearsal], tmp_path / "out", 1)
    assert learned_from(tmp_path / "out") == {f"0-{n}.jpg" for n in (3, 4, 5, 7)}
    assert mixed.left_out == 4 and mixed.learned == {"smoke": 0, "dust": 0, "outfall": 5, "marker": 0}
    assert read_mixed(tmp_path / "out") == mixed


def test_verdicts_that_hold_nothing_out_leave_nothing_out(tmp_path: Path) -> None:
    reviews = a_set(tmp_path / "reviews", {"set": "train", "from": "a.JPG"})
    rehearsal = a_set(tmp_path / "rehearsal", {"set": "train", "from": "a.JPG"}, {"set": "train"})
    assert mix(reviews, [rehearsal], tmp_path / "out", 1).left_out == 0
    assert learned_from(tmp_path / "out") == {"0-0.jpg", "0-1.jpg"}


@pytest.mark.parametrize("words", [None, "{", "[1]", '{"learned": {}, "left_out": 0}'])
def test_a_mix_that_cannot_be_read_is_one_sentence(tmp_path: Path, words: str | None) -> None:
    if words is not None:
        (tmp_path / "mix.json").write_text(words)
    with pytest.raises(MissionError, match="begin the training anew"):
        read_mixed(tmp_path)
