"""Quantising, as far as it needs no extra: what the ranges are taken from, the gate, and what is said."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline import imagery
from pipeline.cli.app import app
from pipeline.detect.tiles import Tiling
from pipeline.errors import MissionError, ModelError, OutputError
from pipeline.learn import quantise as module
from pipeline.learn.int8_gate import MOST_LOST, lost_in, precisions, precisions_by_set
from pipeline.learn.quantise import looks, quantise
from tests.detect.onnx_writer import spots

SIDE = (64, 64)


def quiet(stage: str, done: int, total: int) -> None:
    """Tells nobody."""


def photos(folder: Path, *sizes: tuple[int, int]) -> Path:
    """Pictures (height, width) of noise, each of its own mean."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, (height, width) in enumerate(sizes):
        image = np.random.default_rng(n).integers(20 * n, 20 * n + 30, (height, width, 3)).astype(np.uint8)
        (folder / f"{n}.jpg").write_bytes(imagery.encode_jpeg(image, 95))
    return folder


def test_looks_are_inputs_of_the_network_and_the_same_each_time(tmp_path: Path) -> None:
    folder = photos(tmp_path / "照片 photos", (200, 300), (48, 64), (64, 64))
    one, again = (looks([folder], SIDE, 10, 1, quiet) for _ in range(2))
    assert len(one) == 6  # 4 of the first, which has many; the others are one look each
    assert all(look.shape == (1, 3, 64, 64) and look.dtype == np.float32 for look in one)
    assert all(look.min() >= 0 and look.max() <= 1 for look in one)
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    other = looks([folder], SIDE, 10, 2, quiet)
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=False))


def test_a_picture_of_another_shape_lies_on_grey_as_the_detector_puts_it(tmp_path: Path) -> None:
    (look,) = looks([photos(tmp_path / "a", (32, 64))], SIDE, 5, 1, quiet)
    assert np.all(look[0, :, :16] == np.float32(114) / 255) and np.all(look[0, :, -16:] == np.float32(114) / 255)
    assert look[0, :, 16:48].max() < 0.3


def test_of_a_data_set_only_pictures_for_training_are_taken(tmp_path: Path) -> None:
    photos(tmp_path / "images" / "train", (64, 64))
    (tmp_path / "images" / "drawn").mkdir()
    (tmp_path / "images" / "drawn" / "broken.jpg").write_bytes(b"never opened")
    (tmp_path / "train.txt").write_text("./images/train/0.jpg\n", encoding="utf-8")
    (tmp_path / "data.yaml").write_text("{}")
    assert len(looks([tmp_path], SIDE, 5, 1, quiet)) == len(looks([tmp_path / "data.yaml"], SIDE, 5, 1, quiet)) == 1


def test_each_folder_gives_as_many_and_they_come_mixed(tmp_path: Path) -> None:
    few, many = photos(tmp_path / "few", (32, 64), (32, 64)), photos(tmp_path / "many", *[(64, 64)] * 9)
    found = [float(look.mean()) for look in looks([few, many], SIDE, 4, 1, quiet)]
    own = {float(look.mean()) for look in looks([few], SIDE, 2, 1, quiet)}
    assert len(found) == 4 and own < set(found)
    assert any(
        [float(look.mean()) in own for look in looks([few, many], SIDE, 4, seed, quiet)] != [True, True, False, False]
        for seed in range(5)
    )


def test_pictures_are_cut_as_the_model_s_tiles_say(tmp_path: Path) -> None:
    folder = photos(tmp_path / "a", (256, 256))
    coarse = Tiling(long_px=(100,), whole=False)
    assert len(looks([folder], SIDE, 99, 1, quiet)) == 26 and len(looks([folder], SIDE, 99, 1, quiet, coarse)) == 4


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="no pictures"):
        looks([tmp_path], SIDE, 5, 1, quiet)


@given(st.floats(0, 1), st.floats(-0.03, 0.03))
@example(0.5, -0.0101)
@example(0.5, -0.0099)
def test_the_gate_is_a_hundredth(before: float, change: float) -> None:
    lost = lost_in({("smoke", 0.5): before}, {("smoke", 0.5): before + change})
    if change >= -MOST_LOST:
        assert lost == ""
    if change < -MOST_LOST - 1e-6:
        assert lost.startswith("smoke") and "IoU 0.5" in lost


def test_one_class_that_loses_is_enough() -> None:
    before = {("smoke", 0.3): 0.9, ("marker", 0.5): 0.8}
    assert lost_in(before, {("smoke", 0.3): 1.0, ("marker", 0.5): 0.75}) == "marker 0.050 at IoU 0.5"


def labelled(root: Path, lines: str) -> Path:
    """One picture with a red square of 8 pixels at (24, 24), and a label file."""
    image = np.full((64, 64, 3), 100, np.uint8)
    image[24:32, 24:32] = (0, 0, 255)
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    (root / "images" / "a.jpg").write_bytes(imagery.encode_jpeg(image, 98))
    (root / "labels" / "a.txt").write_text(lines)
    return root


def test_precision_is_that_of_our_own_engine(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(spots(64))
    here, elsewhere = (f"0 {x / 64} {x / 64} 0.375 0.375\n" for x in (28, 52))
    for lines, expected in ((here, 1.0), (here + elsewhere, 0.5), (elsewhere, 0.0)):
        root = labelled(tmp_path / str(expected), lines)
        found = precisions(tmp_path / "net.onnx", [root / "images" / "a.jpg"], lambda done, total: None)
        assert found == {("smoke", 0.3): pytest.approx(expected), ("smoke", 0.5): pytest.approx(expected)}


def test_with_several_sets_each_is_asked_and_all_together(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(spots(64))
    lines = [f"0 {x / 64} {x / 64} 0.375 0.375\n" for x in (28, 52)]
    roots = {name: labelled(tmp_path / name, line) for name, line in zip(("good", "bad"), lines, strict=True)}
    sets = {name: [root / "images" / "a.jpg"] for name, root in roots.items()}
    steps: list[tuple[int, int]] = []
    found = precisions_by_set(tmp_path / "net.onnx", sets, lambda done, total: steps.append((done, total)))
    assert found["good smoke", 0.5] == pytest.approx(1) and found["bad smoke", 0.5] == 0
    assert found["smoke", 0.5] == pytest.approx(0.25) and steps == [(1, 2), (2, 2)]
    alone = precisions_by_set(tmp_path / "net.onnx", {"good": sets["good"]}, lambda done, total: None)
    assert set(alone) == {("smoke", 0.3), ("smoke", 0.5)}


def test_without_a_known_box_nothing_is_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "woken", lambda: None)
    root = labelled(tmp_path / "set", "")
    with pytest.raises(MissionError, match="knows of no box"):
        quantise(tmp_path / "net.onnx", tmp_path / "x.xml", [root], [root])


def test_where_nncf_is_missing_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(ModelError, match="pip install nncf openvino"):
        quantise(tmp_path / "net.onnx", tmp_path / "x.xml", [tmp_path], [tmp_path])


def test_nothing_is_overwritten_and_the_name_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"kept")
    for name, words in (("x.xml", "x.bin: is there already"), ("x.onnx", "ends in .xml")):
        with pytest.raises(OutputError, match=words):
            quantise(tmp_path / "net.onnx", tmp_path / name, [tmp_path], [tmp_path])
    assert (tmp_path / "x.bin").read_bytes() == b"kept"


@pytest.mark.parametrize("words", [("--int8",), ("--tiles", "{}"), ("--data", "{}"), ()])
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    rest = [word.format(tmp_path) for word in words]
    ran = CliRunner().invoke(app, ["export", str(tmp_path), "-o", str(tmp_path / "x.xml"), *rest])
    assert ran.exit_code == 2 and "--int8" in ran.output
