"""What is found in a photo depends on it alone: not on neighbours, order, batch, workers or reading ahead."""

from __future__ import annotations

import random
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.detect import load_detector
from pipeline.errors import ImageryError
from pipeline.flow.ahead import one_ahead
from pipeline.flow.look import Finder, look
from pipeline.parallel import LocalPool, chunks
from pipeline.types import Frame, Looked, Skipped
from tests.detect.onnx_writer import spots

PHOTOS = 9


def picture(seed: int) -> imagery.Image:
    """Ground with red things of all sizes on it, some of them across the seams of tiles."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 140, (200 + 10 * seed, 310, 3), np.uint8)
    for x, y, side in zip(*rng.integers(0, (300, 190, 70), (12, 3)).T, strict=True):
        image[y : y + side, x : x + side] = (0, 0, 255)
    return image


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    folder = tmp_path_factory.mktemp("照片 photos")
    for i in range(PHOTOS):
        (folder / f"{i}.jpg").write_bytes(imagery.encode_jpeg(picture(i), 95))
    damaged = folder / "4.jpg"
    damaged.write_bytes(damaged.read_bytes()[:900])
    (folder / "7.jpg").unlink()
    told = {2: "2.jpg: has no place"}
    return [Frame(f"{i}.jpg", str(folder / f"{i}.jpg"), i, None, None, problem=told.get(i, "")) for i in range(PHOTOS)]


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    path = tmp_path_factory.mktemp("weights") / "red.onnx"
    path.write_bytes(spots(64))
    return load_detector(f"yolo:{path}")


@pytest.fixture(scope="module")
def one_by_one(frames: list[Frame], see: Finder) -> list[Looked | Skipped]:
    return [entry for f in frames for entry in look([f], see)]


def test_what_cannot_be_searched_is_told_and_the_rest_is_found(one_by_one: list[Looked | Skipped]) -> None:
    assert [x.frame_id for x in one_by_one if isinstance(x, Skipped)] == ["2.jpg", "4.jpg", "7.jpg"]
    assert all(len(x.detections) > 3 for x in one_by_one if isinstance(x, Looked))


@pytest.mark.parametrize("batch", [2, 4, PHOTOS])
def test_batches_read_ahead_find_the_same(
    frames: list[Frame], see: Finder, one_by_one: list[Looked | Skipped], batch: int, tmp_path: Path
) -> None:
    assert [x for part in chunks(frames, batch) for x in look(part, see, str(tmp_path))] == one_by_one
    assert len(list(tmp_path.glob("*.jpg"))) == PHOTOS - 3


@pytest.mark.parametrize("seed", range(3))
def test_any_order_finds_the_same(
    frames: list[Frame], see: Finder, one_by_one: list[Looked | Skipped], seed: int
) -> None:
    order = random.Random(seed).sample(frames, len(frames))
    found = look(order, see)
    assert [x.frame_id for x in found] == [f.id for f in order]
    assert sorted(found, key=lambda x: x.frame_id) == one_by_one


@pytest.mark.parametrize("batch", [1, 4])
def test_two_processes_find_the_same(
    frames: list[Frame], see: Finder, one_by_one: list[Looked | Skipped], batch: int
) -> None:
    with LocalPool(2, imagery.use_one_thread) as pool:
        assert [x for part in pool.map(partial(look, see=see), chunks(frames, batch)) for x in part] == one_by_one


def test_one_is_made_ahead_and_never_two() -> None:
    made: list[int] = []
    for i, ready in one_ahead(lambda i: (made.append(i), threading.get_ident(), i)[1:], range(20)):
        thread, value = ready()
        assert value == i and thread != threading.get_ident()
        assert i + 1 <= len(made) <= i + 2
    assert made == list(range(20))


def test_what_cannot_be_made_is_raised_at_its_turn() -> None:
    def make(i: int) -> int:
        if i % 3 == 1:
            raise ImageryError(f"{i}.jpg: damaged")
        return i

    for i, ready in one_ahead(make, range(8)):
        if i % 3 == 1:
            with pytest.raises(ImageryError, match=f"^{i}.jpg"):
                ready()
        else:
            assert ready() == i
    assert [ready() for _, ready in one_ahead(make, [5])] == [5]
    assert list(one_ahead(make, [])) == []
