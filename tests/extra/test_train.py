"""Training for real: an epoch on pictures of 96 px, cut off and gone on with, exported, measured.

Needs the extra `train`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.errors import MissionError, ModelError, OutputError
from pipeline.learn.dataset import Recipe, build, ready
from pipeline.learn.evaluate import evaluate, write_figures
from pipeline.learn.export import MOST_CONFIDENCE, MOST_PX, export
from pipeline.learn.tiles import CLASSES
from pipeline.learn.train import Options, fill, read_base, read_note, resume, train, weights_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ultralytics") is None, reason="needs the extra train"),
    pytest.mark.filterwarnings("ignore"),  # what torch and its exporter warn each other of is none of ours
]
SIDE_PX = 96


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn tiles over two made photos, one flight held out."""
    root = tmp_path_factory.mktemp("训练 train")
    for n, flight in enumerate(("a", "b")):
        rng = np.random.default_rng(n)
        grid = rng.integers(50, 180, (12, 16, 3)).astype(np.uint8)
        image = np.kron(grid, np.ones((20, 20, 1), np.uint8))
        (root / flight / "images").mkdir(parents=True)
        (root / flight / "images" / "p.jpg").write_bytes(imagery.encode_jpeg(image, 92))
    recipe = Recipe((), (str(root / "a"),), (str(root / "b"),), SIDE_PX, 24, 8)
    return build(recipe, root / "data")


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run cut off after its first epoch of two, and gone on with."""
    run = tmp_path_factory.mktemp("run") / "第一 run"
    options = Options(str(data), size_px=SIDE_PX, epochs=2, batch=8)
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.learn.train._plan", _cut_off_after_one)
        with pytest.raises(KeyboardInterrupt):
            train(options, run)
    assert not read_note(run)["done"]
    assert resume(run).is_file()
    assert dict(os.environ) == before
    return run


def _cut_off_after_one(trainer: object, options: Options) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    trainer.add_callback("on_model_save", stop)  # type: ignore[attr-defined]


def test_a_training_that_was_cut_off_goes_on_where_it_was(trained: Path) -> None:
    told = read_note(trained)
    assert told["done"] and told["epochs_done"] == 2
    rows = (trained / "fit" / "results.csv").read_text().splitlines()[1:]
    assert [int(r.split(",")[0]) for r in rows] == [1, 2]


def test_the_best_epoch_is_taken_unless_the_last_is_wanted(trained: Path) -> None:
    assert weights_of(trained) == trained / "fit" / "weights" / "best.pt"
    told = read_note(trained)
    told["options"]["choose"] = False
    (trained / "copy").mkdir(exist_ok=True)
    (trained / "copy" / "train.json").write_text(json.dumps(told))
    assert weights_of(trained / "copy").name == "last.pt"


def test_what_is_done_or_not_begun_is_not_gone_on_with(trained: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is done"):
        resume(trained)
    with pytest.raises(ModelError, match="holds no training"):
        resume(tmp_path)
    with pytest.raises(OutputError, match="--resume"):
        train(Options(str(data)), trained)


def test_hours_end_the_training(data: Path, tmp_path: Path) -> None:
    train(Options(str(data), size_px=SIDE_PX, epochs=50, hours=1e-6, batch=8), tmp_path / "run")
    told = read_note(tmp_path / "run")
    assert told["done"] and told["epochs_done"] == 1


def test_an_export_answers_as_torch_does_and_tells_nothing_of_the_machine(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "新 model.onnx"
    made = export(trained, out)
    assert made.names == CLASSES and made.size_px == SIDE_PX
    assert made.worst_px <= MOST_PX and made.worst_confidence <= MOST_CONFIDENCE
    raw = out.read_bytes()
    assert made.bytes == len(raw) < 12_000_000 and made.sha256 == imagery.sha256(raw)
    for word in (str(tmp_path.parent), str(Path.home()), "site-packages"):
        assert word.encode() not in raw
    with pytest.raises(OutputError, match="is there already"):
        export(trained, out)


def test_an_export_that_differs_is_refused_and_leaves_nothing(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.learn.export._compared", lambda *_: (1.0, 0.0))
    with pytest.raises(ModelError, match="off torch"):
        export(trained, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_eval_measures_the_export_with_our_own_engine(trained: Path, data: Path, tmp_path: Path) -> None:
    made = export(trained, tmp_path / "x.onnx")
    figures = evaluate(str(made.path), [data])
    assert sorted(figures["sets"]) == ["drawn"] and figures["clean_photos"] == 1
    assert figures["sets"]["drawn"]["pictures"] == 8
    alarms = [row["false_alarms"] for row in figures["at_false_alarms"]]
    assert all(row["false_alarms"] <= row["asked"] for row in figures["at_false_alarms"])
    assert alarms == sorted(alarms, reverse=True)
    assert json.loads(write_figures(figures, tmp_path / "out").read_bytes()) == figures


def test_a_base_fills_what_fits_and_is_never_a_pickle(real_data: object, tmp_path: Path) -> None:
    from pipeline.learn.train import woken

    woken()
    from ultralytics.nn.tasks import DetectionModel

    network = DetectionModel("yolov5n.yaml", nc=4, verbose=False)
    base = read_base(real_data("weights/yolov5n-backbone.safetensors"))  # type: ignore[operator]
    assert fill(network, base) == (342, 427)
    name = "model.0.conv.weight"
    assert np.array_equal(network.state_dict()[name].numpy(), base[name].numpy())
    (tmp_path / "x.pt").write_bytes(pickle.dumps({}))
    (tmp_path / "x.safetensors").write_bytes(b"\xff" * 64)
    for file in ("x.pt", "x.safetensors"):
        with pytest.raises(ModelError, match=file):
            read_base(tmp_path / file)


class Bomb:
    """A pickle that would leave a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.trace,))


def test_weights_that_hide_code_are_refused_and_nothing_runs(tmp_path: Path) -> None:
    import torch

    torch.save({"model": Bomb(tmp_path / "trace")}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match=r"evil\.pt"):
        export(tmp_path / "evil.pt", tmp_path / "x.onnx")
    assert not (tmp_path / "trace").exists()


def test_a_description_that_would_run_something_is_refused(tmp_path: Path, data: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("train: a\nval: b\nnames: [x]\n'download': \"import os\"\n")
    with pytest.raises(MissionError, match="download"):
        ready(file)
    file.write_text("[1, 2")
    with pytest.raises(MissionError, match="no YAML"):
        ready(file)
    assert ready(data) == data and ready(data.parent) == data and ready(tmp_path / "none") is None


def test_a_cache_of_labels_is_not_opened(data: Path, tmp_path: Path) -> None:
    cache = data.parent / "labels" / "train.cache"
    kept = cache.read_bytes() if cache.exists() else None
    with cache.open("wb") as file:
        np.save(file, {"x": Bomb(tmp_path / "trace")}, allow_pickle=True)
    try:
        train(replace(Options(str(data)), size_px=SIDE_PX, epochs=1, batch=8), tmp_path / "run")
    finally:
        cache.unlink(missing_ok=True)
        if kept is not None:
            cache.write_bytes(kept)
    assert not (tmp_path / "trace").exists()
