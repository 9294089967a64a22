"""frames.json gives back what a run used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pipeline.flow.frames import frames_value, read_frames
from pipeline.ingest import open_mission
from pipeline.types import Ground, HitList, Looked, Posterior


def test_frames_and_ground_come_back(flight, tmp_path, monkeypatch):
    monkeypatch.chdir(flight.root)
    mission = open_mission(flight.flight, ground=Ground(dem="dem.tif"))
    left = Posterior(((0.1,) * 6,) * 6, ((0.5,) * 11,) * 16)
    adjusted = replace(mission.frames[0], posterior=left)
    mission = replace(mission, frames=(adjusted, *mission.frames[1:]))
    looked = tuple(Looked(f.id, f"{i:064x}", 1.0) for i, f in enumerate(mission.frames[:-1]))
    value = frames_value(mission, HitList("m", (), looked=looked))
    (tmp_path / "frames.json").write_text(json.dumps(value), encoding="utf-8")
    frames, ground = read_frames(tmp_path)
    assert list(frames) == [x.sha256 for x in looked]  # what was not searched takes no pins
    assert list(frames.values()) == [replace(f, path="") for f in mission.frames[:-1]]
    assert Path(ground.dem or "").is_absolute() and Path(ground.dem or "").samefile("dem.tif")
