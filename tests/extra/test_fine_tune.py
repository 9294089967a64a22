"""Going on from officers' verdicts, for real but small: an epoch on tiles of 96 px, exported, compared, refused.

Needs the extra `train`.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.detect.yolo import Yolo
from pipeline.errors import ModelError
from pipeline.learn import compare as compare_module
from pipeline.learn import fine_tune as fine_tune_module
from pipeline.learn.between import SHARES, write_between
from pipeline.learn.fine_tune import Outcome, Wish, as_onnx, base_of, fine_tune, go_on, read_wish
from pipeline.learn.places import HELD_OUT, TRAIN, WATCH
from pipeline.learn.state import write_state
from pipeline.learn.tiles import CLASSES
from pipeline.learn.train import BETWEEN, weights_of, woken
from tests.learn.reviewed_world import hit, photo, place_in, run_of, say, seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ultralytics") is None, reason="needs the extra train"),
    pytest.mark.filterwarnings("ignore"),  # what torch and its exporter warn each other of is none of ours
]
SIDE_PX = 96


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that learned nothing yet."""
    torch, _ = woken()
    from safetensors.torch import save_file
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("权重") / "base.safetensors"
    save_file(DetectionModel("yolov5n.yaml", nc=len(CLASSES), verbose=False).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one reviewed run over ten places."""
    root = tmp_path_factory.mktemp("核查")
    hits = []
    for n, name in enumerate([TRAIN] * 4 + [WATCH] + [HELD_OUT] * 6):
        sha = photo(root / "flight" / f"{n}.JPG", n)
        hits.append(hit(f"h{n:02d}", "outfall", place_in(name, n), [seen(f"{n}.JPG", sha)]))
    run = run_of(root / "reviews" / "甲", hits, flight=root / "flight")
    for n, feature in enumerate(hits):
        say(run, feature, "rejected" if n % 4 == 1 else "confirmed")
    return root / "reviews"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo to draw over, and another one for the comparison."""
    root = tmp_path_factory.mktemp("photos")
    for n, name in enumerate(("learned", "held out")):
        photo(root / name / "images" / "p.JPG", 99 + n)
    return root


@pytest.fixture(scope="module")
def tuned(base: Path, reviews: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    run = tmp_path_factory.mktemp("run") / "学习 1"
    learned, held_out = ((str(photos / name),) for name in ("learned", "held out"))
    wish = Wish((str(reviews),), str(base), photos=learned, held_out=held_out, tiles=120, test_tiles=6,
                size_px=SIDE_PX, epochs=1, batch=8)  # fmt: skip
    return run, fine_tune(wish, run)


def test_the_run_holds_what_was_learned_from_and_what_became_of_it(tuned: tuple[Path, Outcome]) -> None:
    run, done = tuned
    told = json.loads((run / "compare.json").read_bytes())
    assert told == json.loads(json.dumps(done.told))
    assert {s["set"] for s in told["sets"]} >= {"reviews/real", "rehearsal/drawn"}
    assert told["verdicts_version"] == json.loads((run / "reviews" / "lists.json").read_bytes())["version"]
    assert done.weights == run / ("accepted.onnx" if told["accepted"] else "refused.onnx")
    assert all(told["classes"][c]["learned"] >= 10 for c in told["not_asked"]) and told["rehearsal_left_out"] == 0
    assert done.weights.is_file() and told["old"]["digest"] != told["new"]["digest"]
    names = [line.split("/")[-1] for line in (run / "data" / "train.txt").read_text().splitlines()]
    assert sum(n.startswith("0-") for n in names) == 120 and sum(n.startswith("r-") for n in names) >= 4


def test_nothing_that_is_held_out_is_learned_from(tuned: tuple[Path, Outcome]) -> None:
    run, _ = tuned
    entries = json.loads((run / "reviews" / "lists.json").read_bytes())["pictures"]
    held = {Path(e["picture"]).name for e in entries if e["set"] == HELD_OUT}
    learned = {p.name.removeprefix("r-") for p in (run / "data" / "images").rglob("r-*")}
    assert held and learned and not held & learned


def part_of(base: Path, folder: Path) -> Path:
    from safetensors.torch import load_file, save_file

    save_file({k: v for k, v in load_file(base).items() if k.startswith("model.0.")}, folder / "part.safetensors")
    return folder / "part.safetensors"


def test_a_base_is_a_whole_network_or_says_so(base: Path, tmp_path: Path) -> None:
    assert Yolo(str(as_onnx(base, SIDE_PX, tmp_path / "old.onnx"))).engine.side_px == (SIDE_PX, SIDE_PX)
    with pytest.raises(ModelError, match=r"part\.safetensors: only \d+ of \d+"):
        as_onnx(part_of(base, tmp_path), SIDE_PX, tmp_path / "x.onnx")
    for name, match in (("none", "no model called"), ("none.onnx", "no model called")):
        with pytest.raises(ModelError, match=match):
            base_of(Wish((), name))


def test_a_worse_model_is_refused_in_one_sentence_and_never_exported(
    tuned: tuple[Path, Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, _ = tuned
    for name in ("accepted.onnx", "refused.onnx"):
        (run / name).unlink(missing_ok=True)
    monkeypatch.setattr(compare_module, "refusals", lambda sets: ["reviews/real: mean AP falls"])
    done = CliRunner().invoke(app, ["train", "--resume", "-o", str(run)])
    assert done.exit_code == 1
    assert "refused" in str(done.exception or done.output)
    assert (run / "refused.onnx").is_file() and not (run / "accepted.onnx").exists()
    exported = CliRunner().invoke(app, ["export", str(run), "-o", str(tmp_path / "x.onnx")])
    assert exported.exit_code == 1 and not (tmp_path / "x.onnx").exists()


def test_the_way_between_begins_at_the_base_and_ends_at_the_training(
    base: Path, tuned: tuple[Path, Outcome], tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    run = tmp_path / "run"
    shutil.copytree(tuned[0], run)
    write_state(run, tmp_path / "new.safetensors")
    old, new = load_file(base), load_file(tmp_path / "new.safetensors")
    for share in (0.0, 0.4, 1.0):
        assert write_between(base, run, share, SIDE_PX) and weights_of(run) == run / BETWEEN
        write_state(run, tmp_path / f"{share}.safetensors")
        for name, tensor in load_file(tmp_path / f"{share}.safetensors").items():
            if tensor.is_floating_point():
                expected = (1 - share) * old[name].float() + share * new[name].float()
                assert np.allclose(tensor.float(), expected, rtol=2e-3, atol=2e-3)
        (run / BETWEEN).unlink()
    assert not write_between(part_of(base, tmp_path), run, 0.4, SIDE_PX) and not (run / BETWEEN).exists()


def test_weights_between_are_taken_where_only_what_was_forgotten_speaks_against_the_new(
    tuned: tuple[Path, Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tuned[0], run)
    answers = iter([["rehearsal/drawn: mean AP falls"]] * 2 + [[]])
    monkeypatch.setattr(compare_module, "refusals", lambda told: next(answers))
    monkeypatch.setattr(fine_tune_module, "worth_trying", lambda told: True)
    done = go_on(run, None)
    assert done.accepted and done.told["share"] == SHARES[1] and weights_of(run) == run / BETWEEN
    exported = CliRunner().invoke(app, ["export", str(run), "-o", str(tmp_path / "x.onnx")])
    assert exported.exit_code == 0 and (tmp_path / "x.onnx").read_bytes() == done.weights.read_bytes()
    monkeypatch.setattr(compare_module, "refusals", lambda told: ["rehearsal/drawn: mean AP falls"])
    refused = go_on(run, None)
    assert not refused.accepted and refused.told["share"] == 1 and not (run / BETWEEN).exists()


def test_a_comparison_that_was_cut_off_is_made_up_for(
    tuned: tuple[Path, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = tuned
    monkeypatch.setattr(compare_module, "refusals", lambda sets: [])
    (run / "compare.json").unlink()
    done = go_on(run, None)
    assert done.accepted and done.weights.is_file() and not (run / "refused.onnx").exists()
    assert read_wish(run).epochs == 1
    with pytest.raises(ModelError, match="was not begun from verdicts"):
        read_wish(run.parent)
