"""Quantising for real, on OpenVINO and NNCF: a small network that finds what is red, and the shipped weights.

Needs nncf and openvino, which want an older pandas than ours: no extra can hold them.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline import imagery
from pipeline.cli.app import app
from pipeline.detect import models
from pipeline.detect.models import digest_of, find_model, read_weights
from pipeline.detect.openvino import OpenVino
from pipeline.detect.yolo import Yolo, network_input
from pipeline.errors import ModelError, OutputError
from pipeline.learn import quantise as module
from pipeline.learn.equalise import equalise
from pipeline.learn.quantise import quantise
from tests.detect.onnx_writer import spots

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("nncf") is None, reason="needs nncf, which no extra brings"),
    pytest.mark.filterwarnings("ignore"),  # what nncf and torch warn each other of is none of ours
]
SIDE_PX = 64


def scene(seed: int) -> tuple[imagery.Image, tuple[float, float]]:
    """Dull ground with one red square of 8 pixels, and its middle from the corner."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 120, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    x, y = (int(v) * 8 for v in rng.integers(2, 6, 2))
    image[y : y + 8, x : x + 8] = (20, 20, 235)
    return image, (x + 4, y + 4)


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(network that finds what is red, labelled pictures)."""
    root = tmp_path_factory.mktemp("量化 int8")
    (root / "set" / "images").mkdir(parents=True)
    (root / "set" / "labels").mkdir()
    for n in range(12):
        image, (x, y) = scene(n)
        (root / "set" / "images" / f"{n}.jpg").write_bytes(imagery.encode_jpeg(image, 98))
        (root / "set" / "labels" / f"{n}.txt").write_text(f"0 {x / 64} {y / 64} {24 / 64} {24 / 64}\n")
    (root / "red.onnx").write_bytes(spots(SIDE_PX))
    return root / "red.onnx", root / "set"


def computed_in(engine: OpenVino) -> dict[str, str]:
    """Convolution -> the kernel that runs it."""
    told: dict[str, str] = {}
    for operation in engine._of_pictures.get_runtime_model().get_ordered_ops():
        facts = {key: str(value.value) for key, value in operation.get_rt_info().items()}
        if facts.get("layerType") == "Convolution":
            told[operation.get_friendly_name()] = facts["primitiveType"]
    return told


def test_in_8_bits_it_finds_the_same_and_runs_in_8_bits(red: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "红 red.xml"
    made = quantise(red[0], out, [red[1]], [red[1]])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["红 red.bin", "红 red.xml"]
    assert made.sha256 == digest_of(read_weights(find_model(str(out)))) and made.bytes < 100_000
    assert made.before and all(made.after[key] >= ap - 0.01 for key, ap in made.before.items())
    ours, theirs = Yolo(str(out)), Yolo(str(red[0]))
    assert ours.labels == theirs.labels == ("smoke",)
    assert all("I8" in kernel for kernel in computed_in(ours.engine).values())  # type: ignore[arg-type]
    for n in range(20, 30):
        image, _ = scene(n)
        (a, *_), (b, *_) = ours.find(image, ""), theirs.find(image, "")
        assert a.box_px == pytest.approx(b.box_px, abs=0.5) and a.confidence == pytest.approx(b.confidence, abs=0.02)


def test_the_same_inputs_give_the_same_bytes_and_none_tells_of_the_machine(
    red: tuple[Path, Path], tmp_path: Path
) -> None:
    files = []
    for name in ("a", "b"):
        quantise(red[0], tmp_path / name / "x.xml", [red[1]], [red[1]])
        files.append([(tmp_path / name / f"x.{end}").read_bytes() for end in ("xml", "bin")])
    assert files[0] == files[1]
    for word in (str(tmp_path.parent), str(red[0].parent), str(Path.home()), "site-packages", "input_model"):
        assert word.encode() not in files[0][0]


def test_what_finds_worse_is_not_written(
    red: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.precisions_by_set

    def worse(path: Path, *rest: Any) -> dict[tuple[str, float], float]:
        found = real(path, *rest)
        return {key: ap - 0.0101 for key, ap in found.items()} if path.suffix == ".xml" else dict(found)

    monkeypatch.setattr(module, "precisions_by_set", worse)
    with pytest.raises(ModelError, match=r"red\.onnx: in 8 bits it finds worse.*smoke 0\.010 at IoU 0\.3"):
        quantise(red[0], tmp_path / "x.xml", [red[1]], [red[1]])
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_was_written(red: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "x.xml"
    words = ["export", str(red[0]), "-o", str(out), "--int8", "--tiles", str(red[1])]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    assert digest_of((out.read_bytes(), out.with_suffix(".bin").read_bytes())) in ran.output
    assert "smoke" in ran.output and "the last layers" in ran.output
    with pytest.raises(OutputError, match="is there already"):
        quantise(red[0], out, [red[1]], [red[1]])


def test_a_table_of_the_registry_finds_it(
    red: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = quantise(red[0], tmp_path / "red-int8.xml", [red[1]], [red[1]])
    text = f'[red-int8]\nfile = "red-int8.xml"\nsha256 = "{made.sha256}"\nfamily = "yolov8"\nnames = ["smoke"]\n'
    (tmp_path / "registry.toml").write_text(f'{text}size_px = {SIDE_PX}\nthreshold = 0.4\ncard = "x"\n')
    monkeypatch.setattr(models, "resource", lambda _: tmp_path / "registry.toml")
    assert Yolo("red-int8").find(scene(50)[0], "")
    weights = tmp_path / "red-int8.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="SHA-256"):
        Yolo("red-int8")


def test_of_the_shipped_weights_only_the_last_layers_stay_in_float(
    red: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = find_model("qly-n").path
    side = Yolo("qly-n").engine.side_px
    assert side is not None
    shown = module.looks([red[1]], side, 4, 1, lambda *_: None)
    trial = module.saved(module.in_8_bits(network, shown, "the last layers"), ("smoke",), tmp_path / "x.xml")
    kernels = computed_in(OpenVino(*read_weights(find_model(str(trial))), "x.xml"))
    in_float = [name for name, kernel in kernels.items() if "I8" not in kernel]
    assert len(kernels) > 60 and len(in_float) == 7  # two of each of three sizes, and the one that averages sides
    assert all(name.startswith("/model.24/") for name in in_float)
    assert Counter("I8" in kernel for kernel in kernels.values())[True] == len(kernels) - 7


def test_equalising_changes_the_ranges_and_no_answer(red: tuple[Path, Path]) -> None:
    """The shipped weights: what they answer stays as it is, while the largest numbers of the second layer shrink."""
    openvino, _ = module.woken()
    side = Yolo("qly-n").engine.side_px
    assert side is not None
    shown = module.looks([red[1]], side, 6, 1, lambda *_: None)
    before, after = (openvino.convert_model(str(find_model("qly-n").path)) for _ in range(2))
    equalise(openvino, after, shown[:3])
    how = {"INFERENCE_PRECISION_HINT": "f32"}
    one, other = (openvino.Core().compile_model(network, "CPU", how) for network in (before, after))
    for look in shown:
        assert np.abs(one(look)[0] - other(look)[0]).max() < 0.05
    divided = [o for o in after.get_ordered_ops() if o.get_friendly_name().endswith("act/Mul/equalised")]
    assert len(divided) > 20 and min(float(o.input_value(1).get_node().data.min()) for o in divided) < 0.7


def test_weights_rounded_together_answer_nearer_to_float(
    red: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped weights, on pictures that nothing was taken from, against each weight rounded to the nearest."""
    network, see = find_model("qly-n").path, Yolo("qly-n")
    side = see.engine.side_px
    assert side is not None
    shown = module.looks([red[1]], side, 8, 1, lambda *_: None)
    openvino, _ = module.woken()
    off = {}
    for name in ("together", "nearest"):
        if name == "nearest":
            monkeypatch.setattr(module, "round_weights", lambda *_: None)
        trial = openvino.Core().compile_model(module.in_8_bits(network, shown[:4], "the last layers"), "CPU")
        off[name] = np.mean([np.abs(trial(look)[0] - see.engine.run(look)).mean() for look in shown[4:]])
    assert off["together"] < off["nearest"]


def test_pictures_are_answered_as_their_numbers_are(red: tuple[Path, Path], tmp_path: Path) -> None:
    trial = module.in_8_bits(
        red[0], module.looks([red[1]], (SIDE_PX, SIDE_PX), 4, 1, lambda *_: None), "the last layers"
    )
    parts = read_weights(find_model(str(module.saved(trial, ("smoke",), tmp_path / "x.xml"))))
    engine = OpenVino(*parts, "x.xml")
    for n in range(3):
        image = scene(n)[0]
        assert np.abs(engine.look(image) - engine.run(network_input(image, False))).max() < 1e-4
    assert np.array_equal(engine.look(image[:, ::-1]), engine.look(image[:, ::-1].copy()))


def test_only_beside_8_bits_are_floats_computed_as_is_fastest(red: tuple[Path, Path], tmp_path: Path) -> None:
    openvino, _ = module.woken()
    shown = module.looks([red[1]], (SIDE_PX, SIDE_PX), 4, 1, lambda *_: None)
    eight = module.saved(module.in_8_bits(red[0], shown, "the last layers"), ("smoke",), tmp_path / "x.xml")
    plain = tmp_path / "plain.xml"
    openvino.save_model(openvino.convert_model(str(red[0])), plain, compress_to_fp16=False)
    used = [
        OpenVino(*read_weights(find_model(str(path))), path.name)._of_numbers.get_property("INFERENCE_PRECISION_HINT")
        for path in (eight, plain)
    ]
    freely = openvino.Core().compile_model(str(plain), "CPU").get_property("INFERENCE_PRECISION_HINT")
    assert used == [freely, openvino.Type.f32]


def test_opening_a_network_tells_nobody(red: tuple[Path, Path], tmp_path: Path) -> None:
    code = (
        "import sys; from pipeline.learn.quantise import woken; woken();"
        "print([m for m in sys.modules if m.startswith('openvino_telemetry')])"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
    assert not (tmp_path / "intel").exists()
