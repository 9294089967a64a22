"""yolo:NAME from end to end, with a small network that finds what is red."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import load_detector, models
from pipeline.detect.points import point_of
from pipeline.detect.tiles import Tiling
from pipeline.detect.yolo import Yolo
from pipeline.errors import ModelError
from tests.detect.onnx_writer import fixed, spots

TILE = 64


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "权重 weights" / "red net.onnx"
    path.parent.mkdir()
    path.write_bytes(spots(TILE))
    return path


def scene(width: int, height: int, *squares: tuple[int, int, int]) -> imagery.Image:
    """Grey ground with red squares (x, y of the corner, side)."""
    image = np.full((height, width, 3), 128, np.uint8)
    for x, y, side in squares:
        image[y : y + side, x : x + side] = (0, 0, 255)
    return image


def test_a_red_square_is_found_where_it_is(net: Path) -> None:
    found, *_ = Yolo(str(net)).find(scene(TILE, TILE, (24, 16, 8)), "a.jpg")
    assert found.label == "smoke"
    assert found.detector == "yolo:red net"
    assert found.confidence == pytest.approx(1, abs=0.01)
    assert found.box_px == pytest.approx((24 - 8.5, 16 - 8.5, 32 + 7.5, 24 + 7.5))


def test_weights_like_a_registered_model_look_at_photos_as_it_does(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'x = {{file = "x.onnx", sha256 = "{64 * "0"}", names = ["smoke"], size_px = {TILE}, '
    text += 'family = "yolov8", long_px = [100], '
    (net.parent / "registry.toml").write_text(text + 'threshold = 0.4, card = "x"}\n')
    plain = Yolo(str(net))
    assert plain.tiling == Tiling()
    monkeypatch.setattr(models, "resource", lambda _: net.parent / "registry.toml")
    alike = Yolo(str(net))
    assert alike.tiling.long_px == (100,) and alike.digest != plain.digest
    (net.parent / "registry.toml").write_text(text.replace("smoke", "dust") + 'threshold = 0.4, card = "x"}\n')
    assert Yolo(str(net)).tiling == Tiling()


def test_blue_is_not_red(net: Path) -> None:
    assert Yolo(str(net)).find(scene(TILE, TILE, (24, 16, 8))[:, :, ::-1], "a.jpg") == ()


@pytest.mark.parametrize("x", range(40, 200, 13))
def test_in_a_large_picture_one_thing_is_one_box(net: Path, x: int) -> None:
    image = scene(500, 300, (x, 150, 12))
    found = Yolo(str(net)).find(image, "a.jpg")
    assert any(abs((d.box_px[0] + d.box_px[2]) / 2 - (x + 5.5)) < 8 for d in found)
    centres = np.array([[(d.box_px[0] + d.box_px[2]) / 2, (d.box_px[1] + d.box_px[3]) / 2] for d in found])
    assert (np.hypot(*(centres - (x + 5.5, 155.5)).T) < 60).all()


def test_a_plume_larger_than_a_tile_is_seen_as_a_whole(net: Path) -> None:
    found = Yolo(str(net)).find(scene(640, 640, (100, 100, 300)), "a.jpg")
    largest = max(found, key=lambda d: d.box_px[2] - d.box_px[0])
    assert largest.box_px[2] - largest.box_px[0] > 3 * TILE


def test_detections_lie_in_the_picture_and_are_ranked(net: Path) -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (311, 517, 3), np.uint8)
    image[:, :, 2] = 255
    found = Yolo(str(net)).find(image, "a.jpg")
    assert found
    for d in found:
        assert -0.5 <= d.box_px[0] < d.box_px[2] <= 516.5
        assert -0.5 <= d.box_px[1] < d.box_px[3] <= 310.5
        assert d.point_sigma_px >= 1
    assert [d.confidence for d in found] == sorted((d.confidence for d in found), reverse=True)
    assert found == Yolo(str(net)).find(image, "a.jpg")


def test_it_travels_to_another_process(net: Path) -> None:
    see = load_detector(f"yolo:{net}")
    again = pickle.loads(pickle.dumps(see))
    assert again.digest == see.digest
    assert again.find(scene(TILE, TILE, (24, 16, 8)), "a.jpg") == see.find(scene(TILE, TILE, (24, 16, 8)), "a.jpg")


def test_the_digest_follows_the_weights_and_not_where_they_lie(net: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "red net.onnx", tmp_path / "other" / "red net.onnx"
    copy.write_bytes(net.read_bytes())
    other.parent.mkdir()
    other.write_bytes(spots(TILE, {"names": "{0: 'Dust'}"}))
    digests = [Yolo(str(p)).digest for p in (net, copy, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_registered_model_is_used_by_its_name(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = hashlib.sha256(net.read_bytes()).hexdigest()
    (tmp_path / "red.onnx").write_bytes(net.read_bytes())
    registry = tmp_path / "registry.toml"
    text = f'[red]\nfile = "red.onnx"\nsha256 = "{sha}"\nfamily = "yolov8"\nnames = ["Smoke"]\nsize_px = {TILE}\n'
    text += 'threshold = 0.5\ncard = "cards/red.md"\nfalse_alarms = [[0.1, 0.9]]\n'
    registry.write_text(text + '[red.classes]\nSmoke = "smoke/chimney"\n', "utf-8")
    monkeypatch.setattr("pipeline.detect.models.resource", lambda name: registry)
    assert Yolo("red").threshold == 0.5
    assert Yolo("red", 0.2).threshold == 0.9
    found, *_ = Yolo("red").find(scene(TILE, TILE, (24, 16, 8)), "a.jpg")
    assert (found.label, found.detector) == ("smoke/chimney", "yolo:red")
    registry.write_text(text + '[red.classes]\nSmoke = ""\n', "utf-8")
    assert Yolo("red").find(scene(TILE, TILE, (24, 16, 8)), "a.jpg") == ()
    registry.write_text(text.replace("yolov8", "yolox"), "utf-8")
    with pytest.raises(ModelError, match=r"red\.onnx: looks like yolov8, and not like yolox"):
        Yolo("red")


def test_a_network_in_doubt_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(fixed(np.zeros((1, 9, 77), np.float32)))
    with pytest.raises(ModelError, match=r"^odd\.onnx: the family of this network is in doubt"):
        Yolo(str(path))


def test_the_same_network_on_openvino_finds_the_same(net: Path, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino", reason="needs the extra openvino")
    openvino.save_model(openvino.Core().read_model(net), tmp_path / "red net.xml", compress_to_fp16=False)
    image = scene(300, 200, (124, 116, 8), (30, 40, 40))
    other = Yolo(str(tmp_path / "red net.xml")).find(image, "a.jpg")
    mine = Yolo(str(net)).find(image, "a.jpg")
    assert len(other) == len(mine) > 0
    for one, two in zip(mine, other, strict=True):
        assert one.box_px == pytest.approx(two.box_px, abs=0.01)
        assert one.confidence == pytest.approx(two.confidence, abs=1e-4)


def test_yolo_alone_asks_for_a_name() -> None:
    with pytest.raises(ModelError, match="yolo:NAME"):
        load_detector("yolo")


@pytest.mark.parametrize(
    ("label", "point", "sigma"),
    [
        ("marker", (49.5, 29.5), 0.05 * (100 * 60) ** 0.5),
        ("outfall/discharging", (49.5, 29.5), 0.15 * (100 * 60) ** 0.5),
        ("dust/pile", (49.5, 29.5), 0.15 * (100 * 60) ** 0.5),
        ("smoke/straw", (49.5, 59.5), ((100**2 / 12 + 9**2) / 2) ** 0.5),
        ("dust", (49.5, 59.5), ((100**2 / 12 + 9**2) / 2) ** 0.5),
    ],
)
def test_where_a_source_touches_the_ground(label: str, point: tuple[float, float], sigma: float) -> None:
    at, error = point_of(label, (-0.5, -0.5, 99.5, 59.5), 400)
    assert at == point
    assert error == pytest.approx(sigma)


def test_a_foot_out_of_sight_is_less_sure() -> None:
    box = (10.0, 100.0, 110.0, 299.5)
    assert point_of("smoke", box, 300)[1] > 1.5 * point_of("smoke", box, 400)[1]
