"""TRUTH, the surveyors' folder: plain targets between the survey and the seal.

TRUTH/survey.json      all that was measured and decided, canonical JSON with a random salt: what is signed and sealed
TRUTH/targets.geojson  the same targets to look at
TRUTH/sheet.pdf        the same to print, check against the field book, and sign by hand
TRUTH/signed.json      the digital signatures
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.contest.truth.plain import plain_target, target_of, truth_digest
from pipeline.errors import ContestError, OutputError, ScoreError
from pipeline.files import json_bytes, write_bytes_atomic
from pipeline.score.canonical import canonical_json
from pipeline.score.strict import read_bytes
from pipeline.types import Target, iso_utc

FORMAT = "qianliyan-survey-1"
SURVEY, TARGETS, SHEET, SIGNED = "survey.json", "targets.geojson", "sheet.pdf", "signed.json"


@dataclass(frozen=True, slots=True, repr=False)
class Truth:
    """A surveyed field before the seal. Its repr shows no target."""

    folder: Path
    salt: bytes
    targets: tuple[Target, ...]
    survey: Mapping[str, Any]  # what survey.json holds
    warnings: tuple[str, ...] = field(default=(), compare=False)  # of the import: one sentence each

    @property
    def digest(self) -> str:
        """What two people sign; salted, so that it may be published."""
        return truth_digest(self.salt, [plain_target(t) for t in self.targets])

    def __repr__(self) -> str:
        return f"Truth({str(self.folder)!r}, {len(self.targets)} targets)"


def read_truth(folder: Path) -> Truth:
    """TRUTH as `import_targets` wrote it.

    Raises:
        ContestError: a file is missing, or was changed since the import.
    """
    data = truth_bytes(folder, SURVEY)
    survey = _survey_of(data, folder / SURVEY)
    if _sha256(truth_bytes(folder, TARGETS)) != survey["targets_sha256"]:
        raise ContestError(f"{folder / TARGETS}: was changed after the import; import the survey again")
    targets = tuple(target_of(t) for t in survey["targets"])
    if _sha256(_geojson(targets)) != survey["targets_sha256"]:
        raise ContestError(f"{folder / SURVEY}: was changed after the import; import the survey again")
    return Truth(folder, bytes.fromhex(survey["truth_salt"]), targets, survey)


def truth_bytes(folder: Path, name: str) -> bytes:
    """A file of TRUTH; ContestError when it cannot be read."""
    try:
        return read_bytes(folder / name)
    except ScoreError as why:
        raise ContestError(str(why)) from None


def _survey_of(data: bytes, path: Path) -> dict[str, Any]:
    try:
        survey = json.loads(data)
        whole = survey["format"] == FORMAT and canonical_json(survey) == data
        whole = whole and len(bytes.fromhex(survey["truth_salt"])) == 32
        whole = whole and isinstance(survey["targets"], list) and isinstance(survey["targets_sha256"], str)
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise ContestError(f"{path}: is damaged, or was changed after the import")
    return dict(survey)


def new_truth(folder: Path, salt: bytes, targets: Sequence[Target], facts: Mapping[str, Any]) -> Truth:
    """A truth that is not written yet; `facts` (canonical JSON) tell how the targets were measured."""
    survey = {
        **facts,
        "format": FORMAT,
        "truth_salt": salt.hex(),
        "targets": [plain_target(t) for t in targets],
        "targets_sha256": _sha256(_geojson(targets)),
    }
    return Truth(folder, salt, tuple(targets), survey)


def write_truth(truth: Truth, sheet: bytes) -> None:
    """Write the folder, survey.json last: with it, the whole is there. OutputError when that cannot be."""
    folder = truth.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise OutputError(f"{folder}: cannot be made ({why.strerror or why})") from None
    write_bytes_atomic(folder / TARGETS, _geojson(truth.targets))
    write_bytes_atomic(folder / SHEET, sheet)
    write_bytes_atomic(folder / SURVEY, canonical_json(truth.survey))


def _geojson(targets: Sequence[Target]) -> bytes:
    return json_bytes(_collection(targets))


def _collection(targets: Sequence[Target]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "datum": "WGS 84", "features": [_feature(t) for t in targets]}


def _feature(target: Target) -> dict[str, Any]:
    properties = {
        "id": target.id,
        "class": target.label,
        "kind": target.kind,
        "weight": target.weight,
        "r90_m": target.r90_m,
        "visible_from": _iso(target.visible_from_ms),
        "visible_to": _iso(target.visible_to_ms),
        **dict(target.attributes),
    }
    return {"type": "Feature", "geometry": _geometry(target), "properties": properties}


def _geometry(target: Target) -> dict[str, Any]:
    if not target.polygons:
        return {"type": "Point", "coordinates": [target.at.lon_deg, target.at.lat_deg]}
    shape = [[[[lon, lat] for lat, lon in ring] for ring in rings] for rings in target.polygons]
    return {"type": "MultiPolygon", "coordinates": shape}


def _iso(t_ms: int | None) -> str | None:
    return None if t_ms is None else iso_utc(t_ms * 1_000_000)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
