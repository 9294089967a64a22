"""The second pen: apart from what it measures, its boxes and contrasts true, the same bytes for the same seed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.second_pen import difficulty, fluid, windows
from benchmarks.second_pen.camera import Camera
from benchmarks.second_pen.tiles import tile_of
from benchmarks.second_pen.values import LABELS, Layer
from benchmarks.second_pen.writing import write_set
from pipeline.errors import MissionError, OutputError
from pipeline.learn.evaluate import asked_of, label_path_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.tiles import CLASSES

PEN = Path(difficulty.__file__).parent
ALLOWED = {"pipeline.imagery", "pipeline.files", "pipeline.errors"}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{a.name}" if node.module == "pipeline" else str(node.module) for a in node.names}
    return found


@pytest.mark.parametrize("path", sorted(PEN.glob("*.py")), ids=lambda p: p.name)
def test_it_has_nothing_of_the_first_pen_nor_of_what_learns(path: Path) -> None:
    ours = {name for name in _imports(path) if name.split(".")[0] == "pipeline"}
    assert ours <= ALLOWED
    beside = {name for name in _imports(path) if name.split(".")[0] in ("benchmarks", "tests")}
    assert all(name.startswith("benchmarks.second_pen") for name in beside)
    assert "import_module" not in path.read_text(encoding="utf-8")


def test_nothing_of_the_first_pen_is_awake_when_it_draws() -> None:
    asked = "import sys, benchmarks.second_pen.__main__; print(*(m for m in sys.modules if m.startswith('pipeline.')))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=PEN.parents[1])
    assert "pipeline.imagery" in done.stdout
    assert not {m for m in done.stdout.split() if m.split(".")[1] in ("sim", "learn", "detect")}


def photo(seed: int = 3) -> np.ndarray:
    """Grass-like noise of several sizes, 700 × 900."""
    rng = np.random.default_rng(seed)
    field = np.zeros((700, 900, 3), np.float32)
    for cell in (4, 30, 120):
        rough = rng.normal(0, 9, (700 // cell + 2, 900 // cell + 2, 1)).astype(np.float32).repeat(3, axis=2)
        field += cv2.resize(rough, (900, 700), interpolation=cv2.INTER_CUBIC)
    return np.clip(field + np.array([80, 130, 105]), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flights") / "一 号" / "images"
    folder.mkdir(parents=True)
    cv2.imencode(".png", photo())[1].tofile(folder / "a.png")
    return folder.parent


@pytest.fixture(scope="module")
def made(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set([photos], tmp_path_factory.mktemp("out") / "second", 24, 5, 320)


def test_the_set_is_read_by_the_measuring(made: Path) -> None:
    rows = [json.loads(line) for line in (made / "things.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = asked_of([made])
    assert list(asked.sets) == ["second"]
    assert sorted(p.relative_to(made).as_posix() for p in asked.sets["second"]) == sorted(r["picture"] for r in rows)
    assert LABELS == CLASSES
    assert {r["background"] for r in rows} == {"一 号"}
    for row in rows:
        shares = read_boxes(label_path_of(made / row["picture"]))
        assert [CLASSES[s[0]] for s in shares] == [t["class"] for t in row["things"]]
        for share, thing in zip(shares, row["things"], strict=True):
            np.testing.assert_allclose(box_px(share, 320, 320), thing["box_px"], atol=0.02)


def test_boxes_lie_in_the_tile_around_what_the_masks_show(made: Path) -> None:
    rows = [json.loads(line) for line in (made / "things.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(len(r["things"]) for r in rows) > 12
    assert any(not r["things"] for r in rows)
    for row in rows:
        for n, thing in enumerate(row["things"]):
            cover = cv2.imread(str(made / "masks" / f"{Path(row['picture']).stem}-{n}.png"), 0) / 255.0
            x0, y0, x1, y1 = thing["box_px"]
            assert -0.5 <= x0 < x1 <= 319.5
            assert -0.5 <= y0 < y1 <= 319.5
            mass = np.where(cover >= difficulty.VISIBLE, cover, 0)
            inside = mass[round(y0 + 0.5) : round(y1 + 0.5), round(x0 + 0.5) : round(x1 + 0.5)]
            assert 0.955 <= inside.sum() / mass.sum() <= 1
            u, v = thing["source_px"]
            near = 2.1 + 0.06 * thing["size_px"]
            assert x0 - near <= u <= x1 + near
            assert y0 - near <= v <= y1 + near


def test_things_of_a_tile_stand_apart_and_in_their_bands(made: Path) -> None:
    for row in (json.loads(line) for line in (made / "things.jsonl").read_text(encoding="utf-8").splitlines()):
        boxes = [t["box_px"] for t in row["things"]]
        for i, a in enumerate(boxes):
            assert all(a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1] for b in boxes[i + 1 :])
        assert all(4 <= t["contrast_de"] <= 40 for t in row["things"])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    image = photo()
    one, two, other = (tile_of(image, 1.55, 160, np.random.default_rng(s)) for s in (8, 8, 9))
    assert (one.jpeg, one.things) == (two.jpeg, two.things)
    assert one.jpeg != other.jpeg


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(4, 40), st.integers(4, 40))
def test_the_box_of_an_even_block_is_the_block_less_a_hundredth(x: int, y: int, wide: int, high: int) -> None:
    cover = np.zeros((100, 100))
    cover[y : y + high, x : x + wide] = 0.7
    cover[99, 99] = 0.09  # not visible
    assert difficulty.box_of(cover) == (x - 0.5, y - 0.5, x + wide - 0.5, y + high - 0.5)


def test_a_box_leaves_out_a_lone_speck_and_nothing_has_none() -> None:
    cover = np.zeros((100, 100))
    cover[40:60, 40:60] = 1
    cover[50, 90] = 1
    assert difficulty.box_of(cover) == (39.5, 39.5, 59.5, 59.5)
    assert difficulty.box_of(np.full((9, 9), 0.05)) is None


def test_contrast_of_known_colours() -> None:
    """White over black is 100 L* (CIE 1976), half as much where only half of it is seen by weight."""
    black, white = np.zeros((10, 10, 3), np.float32), np.full((10, 10, 3), 255, np.float32)
    full = difficulty.contrast_de(difficulty.lab(black), white, np.ones((10, 10)))
    assert full == pytest.approx(100, abs=0.01)
    after = white.copy()
    after[:5] = 0
    assert difficulty.contrast_de(difficulty.lab(black), after, np.ones((10, 10))) == pytest.approx(50, abs=0.01)
    assert difficulty.contrast_de(difficulty.lab(black), white, np.full((10, 10), 0.09)) == 0


@pytest.mark.parametrize("wanted", [4.5, 7.0, 12.0, 20.0])
@pytest.mark.parametrize("soft", [True, False])
def test_strength_is_fitted_to_the_contrast(wanted: float, soft: bool) -> None:
    y, x = np.mgrid[:80, :80]
    depth = np.exp(-((x - 40) ** 2 + (y - 40) ** 2) / 300) if soft else ((abs(x - 40) < 12) & (abs(y - 40) < 9)) * 1.0
    ground = np.full((80, 80, 3), (80, 130, 105), np.float32)
    shades = (np.array([190.0, 190.0, 190.0]), np.array([105.0, 150.0, 130.0]))  # the second can be fainter
    layer = Layer("smoke", "fire", depth, np.ones((80, 80, 3)), shades, (40, 40), soft)
    done = difficulty.laid(ground, layer, wanted)
    assert done is not None
    after, cover, thing = done
    assert thing.contrast_de == pytest.approx(wanted, rel=0.05)
    assert thing.contrast_de == pytest.approx(difficulty.contrast_de(difficulty.lab(ground), after, cover))


def test_what_cannot_be_plain_is_left_out() -> None:
    ground = np.full((40, 40, 3), 128, np.float32)
    layer = Layer("smoke", "fire", np.ones((40, 40)), np.ones((40, 40, 3)), (np.full(3, 130.0),), (20, 20), True)
    assert difficulty.laid(ground, layer, 20.0) is None


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 1.55), st.floats(20, 300), st.floats(160, 300))
def test_the_camera_sees_the_ground_where_its_ray_met_it(down: float, u: float, v: float) -> None:
    camera = Camera(400.0, 160.0, 160.0, down)
    if camera.depression_rad(v) < 0.03:
        return
    point = camera.ground(u, v)
    assert point[2] == 0
    np.testing.assert_allclose(camera.seen(point), (u, v), atol=1e-6)


def test_the_flow_keeps_no_divergence_and_smoke_goes_with_the_wind() -> None:
    rng = np.random.default_rng(1)
    u, v = fluid._free_of_divergence(*rng.standard_normal((2, 128, 128)).astype(np.float32))
    kx, ky, _ = fluid._waves()
    assert np.abs(kx * np.fft.rfft2(u) + ky * np.fft.rfft2(v)).max() < 1e-2
    dense, (x, _) = fluid.density(fluid.Flow(1.0, 0.2, 0.01, 0.2, (24, 110, 2)), rng)
    columns = dense.sum(axis=0)
    assert np.isfinite(dense).all()
    assert (columns * np.arange(128)).sum() / columns.sum() > x + 10


def test_a_window_pastes_where_it_looked() -> None:
    window = windows.Window(10, 20, 30, 60, 80, 40)
    u, v = window.pixels()
    pasted = window.pasted(u, 100, 100)
    np.testing.assert_allclose(pasted[40, 10:30], np.arange(10, 30), atol=1e-4)
    assert pasted[:20].max() == pasted[:, 30:].max() == 0
    assert v[0, 0] == pytest.approx(19.75)


def test_a_folder_that_is_there_and_one_without_photos_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there already"):
        write_set([photos], tmp_path, 1, 1, 64)
    with pytest.raises(MissionError, match="no photos"):
        write_set([tmp_path], tmp_path / "out", 1, 1, 64)
    assert not (tmp_path / "out").exists()
