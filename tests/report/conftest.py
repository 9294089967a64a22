"""A small flight with pictures: four nadir photos over a level plane, three hits, one photo nobody could use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import imagery
from pipeline.types import (
    OWN,
    SHARED,
    Attitude,
    Camera,
    Detection,
    Frame,
    GeoPoint,
    Ground,
    Hit,
    HitList,
    Looked,
    Mission,
    Pose,
    Sighting,
    Skipped,
)
from tests.report.reviewed_run import make_run

CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)
START_NS = 1_790_000_000_000_000_000
NASTY = "=cmd|' /C calc'!A0 <script>alert(1)</script> & \"河\""

World = tuple[Mission, HitList]


def picture(seed: int) -> imagery.Image:
    """(480, 640, 3) of soft noise, different for every seed."""
    import cv2

    coarse = np.random.default_rng(seed).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)


def sighting(frame: Frame, label: str, x_px: float, y_px: float, confidence: float) -> Sighting:
    """Where a pixel of a level nadir photo 50 m above the plane lies, yaw 0: to 1 cm or so."""
    assert frame.pose is not None
    lat = frame.pose.at.lat_deg - (y_px - 239.5) / 500 * 50 / 110_900
    lon = frame.pose.at.lon_deg + (x_px - 319.5) / 500 * 50 / (111_320 * np.cos(np.radians(lat)))
    found = Detection(
        frame.id, label, confidence, (x_px - 20, y_px - 15, x_px + 20, y_px + 15), (x_px, y_px), detector="marker"
    )
    return Sighting(
        detection=found,
        at=GeoPoint(float(lat), float(lon), 100.0),
        covariance=(1.0, 0.25, 2.0),
        alone_m2=(1.0, 0.25, 2.0),
        image_m=((0.0, 0.0),) * len(OWN),
        shared_m=((0.0, 0.0),) * len(SHARED),
        ground_m=(0.0, 0.0),
        exposure=frame.exposure,
        t_ns=frame.pose.t_ns,
    )


def make_world(folder: Path, lat_deg: float = 34.9, lon_deg: float = 113.5, name: str = NASTY) -> World:
    """The flight, its pictures written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = tuple(_frame(folder, i, lat_deg, lon_deg) for i in range(4))
    first, second, third, _ = frames
    hits = (
        _hit("h000002", (sighting(second, "smoke/straw", 500, 100, 0.6),)),
        _hit("h000001", (sighting(first, "outfall", 320, 200, 0.9), sighting(second, "outfall", 300, 420, 0.8))),
        _hit("h000003", (sighting(third, "unheard-of/thing", 5, 5, 0.3),)),
    )
    looked = tuple(
        Looked(
            f.id,
            imagery.sha256(Path(f.path).read_bytes()),
            100.0 + f.index,
            tuple(s.detection for h in hits for s in h.sightings if s.detection.frame_id == f.id),
        )
        for f in frames[:3]
    )
    mission = Mission(
        str(folder),
        frames,
        Ground(plane_alt_m=100.0),
        name,
        (("pilot", NASTY),),
        (NASTY,),
        (Skipped("note.JPG", "not a JPEG, TIFF or PNG picture"),),
    )
    skipped = (Skipped(frames[3].id, "=damaged"),)
    facts: dict[str, Any] = {"models": {"detector": "marker", "digest": "1", "threshold": 0.5}}
    facts["not_located"] = [{"frame_id": "a.JPG", "class": "dust", "why": NASTY}]
    return mission, HitList("m1", hits, skipped, looked, "ab" * 32, facts)


def _frame(folder: Path, index: int, lat_deg: float, lon_deg: float) -> Frame:
    name = "=坏 name.JPG" if index == 1 else f"DJI_{index:04d}.JPG"
    (folder / name).write_bytes(imagery.encode_jpeg(picture(index)))
    east_deg = (index * 20.0 - 30.0) / (111_320 * np.cos(np.radians(lat_deg)))
    at = GeoPoint(lat_deg, (lon_deg + east_deg + 180) % 360 - 180, 150.0)
    pose = Pose(START_NS + index * 2_000_000_000, at, Attitude(0.0, -90.0, 0.0))
    return Frame(name, str(folder / name), index, pose, CAMERA, exposure=name, sources=(("attitude", "XMP"),))


def _hit(name: str, sightings: tuple[Sighting, ...]) -> Hit:
    best = max(sightings, key=lambda s: s.detection.confidence)
    return Hit(name, best.detection.label, best.at, best.covariance, 2.6, best.detection.confidence, sightings)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "照片 1")


@pytest.fixture
def new_world() -> Callable[..., World]:
    return make_world


@pytest.fixture
def changed() -> Callable[..., Any]:
    return replace


@pytest.fixture(scope="session")
def reviewed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with reviews beside it, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("成果")
    return make_run(folder / "航次 甲", make_world(folder / "照片"))


@pytest.fixture
def run(reviewed_once: Path, tmp_path: Path) -> Path:
    """The same, for one test alone."""
    for suffix in ("", ".reviews"):
        shutil.copytree(f"{reviewed_once}{suffix}", f"{tmp_path / reviewed_once.name}{suffix}")
    return tmp_path / reviewed_once.name
