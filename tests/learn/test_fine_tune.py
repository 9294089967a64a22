"""What a training from verdicts will be compared on and with is asked for before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import MissionError, ModelError
from pipeline.learn import fine_tune as module
from pipeline.learn.fine_tune import Wish, fine_tune
from pipeline.learn.places import HELD_OUT, TRAIN
from tests.learn.reviewed_world import hit, photo, place_in, run_of, say, seen


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    def hours(*_: object) -> None:
        raise AssertionError("it was trained")

    monkeypatch.setattr(module, "woken", lambda: None)
    monkeypatch.setattr(module, "train", hours)


def reviews(tmp_path: Path) -> tuple[str, ...]:
    flight = tmp_path / "flight"
    feature = hit("h1", "smoke", place_in(TRAIN), [seen("a.JPG", photo(flight / "a.JPG", 1))])
    run = run_of(tmp_path / "run", [feature], flight=flight)
    say(run, feature, "confirmed")
    return (run.as_posix(),)


@pytest.mark.parametrize("against", ["no-such-model", "gone.onnx"])
def test_a_model_that_cannot_be_compared_with_is_told_first(tmp_path: Path, against: str) -> None:
    with pytest.raises(ModelError, match=against):
        fine_tune(Wish(reviews(tmp_path), "base.safetensors", against), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_is_sure_to_be_refused_is_told_before_the_training(tmp_path: Path) -> None:
    flight = tmp_path / "flight"
    hits = [hit(f"h{n:02d}", "outfall", place_in(TRAIN if n % 3 else HELD_OUT, n),
                [seen(f"{n}.JPG", photo(flight / f"{n}.JPG", n))]) for n in range(18)]  # fmt: skip
    run = run_of(tmp_path / "run", hits, flight=flight)
    for feature in hits:
        say(run, feature, "confirmed")
    with pytest.raises(MissionError) as told:
        fine_tune(Wish((run.as_posix(),), "base.safetensors", size_px=96), tmp_path / "new")
    said = str(told.value)
    assert "would be refused: of smoke 0 boxes are held out and 0 are learned from" in said
    assert "--rehearse DATA" in said and "outfall" not in said


def test_where_nothing_is_held_out_nothing_is_trained(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="nothing is held out"):
        fine_tune(Wish(reviews(tmp_path), "base.safetensors"), tmp_path / "new")
