"""The same inputs give the same bytes: whatever the order, locale, time zone, hash seed, BLAS, vector units or libm.

Distances that end within a nanometre or two of half a millimetre are looked for first: there the last bit of a sine
decides, and sines differ between the vector units of one machine.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.score.distance import geodesic_m, haversine_m
from tests.score.scenes import EVIDENCE, FIELD_E9

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import hashlib, json, random, sys
from pipeline.score import canonical_json, hits_of, judge, result, targets_of
from pipeline.types import Rules
scene, order = json.load(open(sys.argv[1], encoding="utf-8")), random.Random(int(sys.argv[2]))
for features in scene.values():
    order.shuffle(features)
books = [Rules(), Rules(distance="haversine", half_gate=False), Rules(evidence=True, calibration=True,
         calibration_ppm=50_000, find_ppm=350_000, radius_mm=29_999)]
for rules in books:
    score = judge(hits_of(scene["hits"]), targets_of(scene["targets"]), rules, originals=frozenset({"ab" * 32}),
                  flight_ms=(0, 9000))
    print(hashlib.sha256(canonical_json(result(score))).hexdigest())
"""
TARGETS = 60
SPACING_E9 = 600_000  # some 60 m: a hit on the edge has two or four targets near


def decided_by_the_last_bit(candidates: int) -> np.ndarray:
    """(N, 3) target and 1e-9 degrees north and east of it: distances, in one measure or the other, at half a
    millimetre."""
    draw = np.random.default_rng(5)
    target, north, east = draw.integers(0, [[TARGETS], [500_000], [500_000]], (3, candidates)) - [
        [0],
        [250_000],
        [250_000],
    ]
    lat = (FIELD_E9[0] + target * SPACING_E9) / 1e9
    way = (lat, np.zeros(candidates), (FIELD_E9[0] + target * SPACING_E9 + north) / 1e9, east / 1e9)
    found = []
    for measure in (geodesic_m, haversine_m):
        mm = measure(*way)[0] * 1e3
        found.append(np.flatnonzero((np.abs(mm - np.floor(mm) - 0.5) < 2e-6) & (mm < 29_000)))
    return np.stack([target, north, east], axis=1)[np.concatenate(found)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen, draw = decided_by_the_last_bit(1_500_000), random.Random(1)
    assert len(chosen) >= 4
    places = [(int(t) * SPACING_E9 + int(n), int(e)) for t, n, e in chosen]
    places += [(draw.randrange(TARGETS) * SPACING_E9 + draw.randrange(-300_000, 300_000),
                draw.randrange(-300_000, 300_000)) for _ in range(1_500)]  # fmt: skip
    hits = [point(n, e, **{"class": draw.choice(["dust", "smoke/straw", "烟/秸秆"]), "confidence": draw.random(),
                           "r90_m": draw.random() * 9, "evidence": [EVIDENCE]}) for n, e in places]  # fmt: skip
    targets = [point(i * SPACING_E9, 0, id=f"目标{i}", weight=1 + i % 4, **{"class": "dust"}) for i in range(TARGETS)]
    targets += [square(i * SPACING_E9 + 200_000, 350_000, id=f"area{i}", **{"class": "smoke/straw"}) for i in range(9)]
    targets += [square(i * SPACING_E9, 180_000, kind="ignore") for i in range(40, 50)]
    path = tmp_path_factory.mktemp("字节 bytes") / "scene.json"
    path.write_text(json.dumps({"hits": hits, "targets": targets}), encoding="utf-8")
    return path


def point(north: int, east: int, **given: Any) -> dict[str, Any]:
    at = [(FIELD_E9[1] + east) / 1e9, (FIELD_E9[0] + north) / 1e9]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": given}


def square(north: int, east: int, **given: Any) -> dict[str, Any]:
    steps = ((0, 0), (0, 150_001), (149_999, 120_000), (150_000, 0), (0, 0))
    ring = [[(FIELD_E9[1] + east + e) / 1e9, (FIELD_E9[0] + north + n) / 1e9] for n, e in steps]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": given}


def dispatched() -> str:
    """The vector units that numpy may be told to leave alone on this machine."""
    from numpy._core import _multiarray_umath as core

    return " ".join(f for f in core.__cpu_dispatch__ if core.__cpu_features__[f])


def verdicts(scene: Path, order: int, **environment: str) -> str:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | environment
    call = [sys.executable, "-c", CHILD, str(scene), str(order)]
    done = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_surrounding_gives_the_same_bytes(scene: Path) -> None:
    plain = verdicts(scene, 0)
    assert len(plain.split()) == 3
    surroundings: list[dict[str, str]] = [
        {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Apia", "LC_ALL": "tr_TR.UTF-8"},
        {"LC_ALL": "C", "TZ": "Asia/Shanghai", "OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "3"},
        {"NPY_DISABLE_CPU_FEATURES": dispatched()},
        {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-AVX2_Usable,-FMA_Usable"},
        {"NPY_DISABLE_CPU_FEATURES": dispatched().split(" ")[-1], "LANG": "zh_CN.UTF-8", "PYTHONOPTIMIZE": "1"},
    ]
    for order, environment in enumerate(surroundings, 1):
        assert verdicts(scene, order, **environment) == plain, environment
