"""The notebooks run from top to bottom, and what they show is there. A kernel is a process of its own."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jsonschema import Draft202012Validator
from nbclient import NotebookClient

from pipeline import open_run
from pipeline.config import RunConfig
from pipeline.flow.run import run
from pipeline.sim import FlightConfig, make_flight

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a Chinese name, of a small flight with markers."""
    root = tmp_path_factory.mktemp("航次 1")
    config = FlightConfig(
        seed=7, strips=2, photos_per_strip=3, width_px=1600, height_px=1200, marker_size_m=(1.2, 1.5), n_smoke=0,
        n_dust=0, n_outfalls=0, turned_strip=False,
    )  # fmt: skip
    made = make_flight(root / "sim", config)
    run(made.flight, root / "run", RunConfig(dem=str(made.dem), dem_datum="egm96", detector="marker", workers=1))
    return root / "run"


def executed(name: str, folder: Path, **told: str) -> list[Any]:
    """All outputs of a notebook that runs in this folder; what its parameter cell is told stands at that cell's end."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    parameters.source += "".join(f"\n{key} = {value!r}" for key, value in told.items())
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.fixture(scope="module")
def outputs(finished: Path) -> list[Any]:
    return executed("01_look_at_a_mission.ipynb", finished.parent, RUN=str(finished))


def shown(outputs: list[Any], kind: str) -> list[str]:
    return [o.data[kind] for o in outputs if "data" in o and kind in o.data]


def test_notebooks_are_kept_without_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        assert cells and not any(c.outputs or c.execution_count for c in cells), path.name


def test_hits_crop_and_footprint_are_shown(outputs: list[Any]) -> None:
    tables = "".join(shown(outputs, "text/html"))
    assert "marker" in tables and "r90_m" in tables and "POINT Z" in tables
    (crop,) = shown(outputs, "image/jpeg")
    assert base64.b64decode(crop).startswith(b"\xff\xd8\xff")
    (footprint,) = shown(outputs, "image/svg+xml")
    assert "<path" in footprint


def test_what_the_adjustment_found_fits_its_schemas(
    finished: Path, schema: Callable[[str], Draft202012Validator]
) -> None:
    told = open_run(finished).provenance
    schema("provenance").validate(told)
    schema("frames").validate(json.loads((finished / "frames.json").read_bytes()))
    found = told["calibration"]
    assert (found["mode"], found["tied"]) == ("auto", 6)
    assert {"no", "unknown"} <= {answer["verdict"] for answer in found["examined"]}
    for wrong in ({"mode": "never"}, {"examined": [{"kind": "yaw"}]}, {"lenses": [{}]}, {"tied": -1}):
        assert not schema("provenance").is_valid({**told, "calibration": {**found, **wrong}})


def page_of(outputs: list[Any]) -> str:
    (frame,) = [t for t in shown(outputs, "text/html") if "<iframe" in t]
    found = re.search(r'srcdoc="([^"]*)"', frame)
    assert found is not None
    return html.unescape(found[1])


def test_the_map_is_whole_and_inside_the_notebook(outputs: list[Any], finished: Path) -> None:
    assert page_of(outputs) == (finished / "map.html").read_text("utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the notebook's map is not drawn")
def test_the_map_draws_inside_the_notebook(outputs: list[Any], tmp_path: Path) -> None:
    """As a notebook shows it: the page's own script runs in its frame and lays the photos out."""
    (frame,) = [t for t in shown(outputs, "text/html") if "<iframe" in t]
    (tmp_path / "page.html").write_text(f"<meta charset=utf-8><body>{frame}", encoding="utf-8")
    picture = tmp_path / "page.png"
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    options += ["--disable-component-update", "--proxy-server=127.0.0.1:9", "--virtual-time-budget=8000"]
    places = [f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", (tmp_path / "page.html").as_uri()]
    command = [str(CHROMIUM), "--headless", *options, "--window-size=1100,760", *places]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert len(np.unique(pixels[50:650].reshape(-1, 3), axis=0)) > 5_000  # photos, not a blank frame


# --- 02 why is this hit here -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """As it stands: it makes a flight of its own, in which one photo's heading is wrong."""
    return executed("02_why_is_this_hit_here.ipynb", tmp_path_factory.mktemp("为什么 why"))


def printed(outputs: list[Any]) -> str:
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


def test_the_adjustment_brings_the_hit_to_its_truth(explained: list[Any]) -> None:
    """The truth lies outside the radius as recorded, inside as corrected."""
    lines = re.findall(r"(before|after): ([\d.]+) m, r90 ([\d.]+) m", printed(explained))
    (before, off_before, r90_before), (after, off_after, r90_after) = lines
    assert (before, after) == ("before", "after")
    assert float(off_before) > float(r90_before) > float(r90_after) > float(off_after)


def test_the_heading_that_lies_is_named(explained: list[Any]) -> None:
    (answers,) = [t for t in shown(explained, "text/html") if "verdict" in t]
    assert re.search(r"<td>yaw</td>\s*<td>found</td>\s*<td>[^<]*heading off by", answers)
    assert "<td>unknown</td>" in answers


def test_rays_terrain_and_terms_are_drawn(explained: list[Any]) -> None:
    wide, near, side, terms = shown(explained, "image/svg+xml")
    for drawing in (wide, near):
        assert drawing.count("<ellipse") >= 12 and "#009e73" in drawing  # ellipses of both, and the truth
    assert side.count("#c9b08a") >= 3  # the ground under each ray
    assert "卫星定位 position · 整个航次 flight" in terms and terms.count("<rect") >= 12
    assert "would not halve" in printed(explained) and "20°: a second view would pay" in printed(explained)


# --- 03 score a contest --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """As it stands: a practice field of its own, and a small contest rehearsed."""
    return executed("03_score_a_contest.ipynb", tmp_path_factory.mktemp("打分 score"))


def test_the_notebook_gives_the_points_of_the_command(scored: list[Any]) -> None:
    """The command runs on the notebook's own files; the arithmetic shown ends in the same points."""
    text = printed(scored)
    shown_command = re.search(r'^qianliyan (score) "(.+)" --targets "(.+)" --rules "(.+)"$', text, re.MULTILINE)
    assert shown_command is not None
    verb, hits, targets, rules = shown_command.groups()
    call = [sys.executable, "-m", "pipeline", verb, hits, "--targets", targets, "--rules", rules]
    told = subprocess.run(call, check=True, capture_output=True, encoding="utf-8").stdout
    (points,) = re.findall(r"得分 Points: ([\d.]+) / 100\.00", told)
    assert f"{points} of 100.00 points" in text and f"得分 Points: {points} / 100.00" in text
    (by_hand,) = re.findall(r"^100 · .* = ([\d.]+)$", text, re.MULTILINE)
    assert float(by_hand) == pytest.approx(float(points), abs=0.005)
    assert f"{points:>6}  原样 as sent" in text and "  0.00  什么也不报" in text


def test_the_map_and_the_sheets_are_drawn(scored: list[Any]) -> None:
    (drawing,) = shown(scored, "image/svg+xml")
    assert drawing.count("<circle") >= 8 and "目标与点位图" in drawing
    practice, team = (html.unescape(t) for t in shown(scored, "text/html") if "<iframe" in t)
    assert "62.21" in practice and "<script" not in practice + team
    (first,) = re.findall(r"<th>1</th>\s*<td>([^<]+)</td>", "".join(shown(scored, "text/html")))[-1:]
    assert f"{first}</" in team and team.count("<svg") >= 10


def test_the_rehearsed_day_is_sealed_judged_and_verified(scored: list[Any]) -> None:
    text, tables = printed(scored), "".join(shown(scored, "text/html"))
    assert text.count("32 个承诺 commitments, 10 个目标 targets, 根 root 相同") == 2
    assert "逐字节相同 the same bytes" in text and "核验通过 verified" in text
    assert text.count("发现了 found") == 2 and "NOT" not in text
    assert len(re.findall(r"<th>\d</th>\s*<td>第\d支队</td>\s*(?:<td>[\d.]+</td>\s*){4}<td>[^<]*把握", tables)) == 5
    assert "名次把握 how sure" in tables and "持钥人 key holders" in tables
