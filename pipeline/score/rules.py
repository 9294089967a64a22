"""Rule books: TOML files, versioned and hashed, with a source for each number. No rule is a constant in code."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import ScoreError
from pipeline.score.canonical import digest
from pipeline.score.strict import read_text
from pipeline.types import Rules

PROFILES = Path(__file__).parent / "profiles"
_PPM_MAX = 1_000_000
_LIMITS = {"radius_mm": (1, 10**8), "time_par_ms": (0, 10**10), "time_max_ms": (1, 10**10), "version": (1, 10**6),
           "reliable_from": (1, 10**6), "resamples": (10, 10_000), "full_mm": (0, 10**8),
           "sharpness_min_ppm": (0, 10**15), "calibration_mm": (1, 10**8)}  # fmt: skip
_CHOICES = {"method": ("gate", "suas"), "distance": ("geodesic", "haversine")}


def profiles() -> tuple[str, ...]:
    """The names of the rule books that come with the package."""
    return tuple(sorted(p.stem for p in PROFILES.glob("*.toml")))


def read_rules(file_or_profile: str | Path = "drill-example") -> Rules:
    """The rule book of a profile's name, else of a TOML file. What a file does not say is as in `drill-example`.

    Raises:
        ScoreError: no such profile or file, not TOML, an unknown rule, or a number that makes no sense.
    """
    if str(file_or_profile) in profiles():
        return _from_file(PROFILES / f"{file_or_profile}.toml")
    if not Path(file_or_profile).is_file():
        raise ScoreError(f"{file_or_profile}: neither a rules file nor a profile; profiles are {', '.join(profiles())}")
    return _from_file(Path(file_or_profile))


def _from_file(path: Path) -> Rules:
    return rules_of(read_text(path), str(path))


def rules_of(text: str, path: str) -> Rules:
    """The rule book in TOML text; `path` stands for the file in errors. Raises ScoreError as `read_rules` does."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):
        raise ScoreError(f"{path}: is not TOML") from None
    if table.pop("schema_version", 1) != 1:
        raise ScoreError(f"{path}: schema_version is not 1")
    sources = table.pop("source", {})
    if "name" not in table:
        raise ScoreError(f"{path}: a rule book needs a name")
    rules = {"notice": "", **table}
    checked = {k: _checked(path, k, v) for k, v in rules.items()}
    return check_rules(Rules(**checked, sources=_sources(path, sources)), path)


def _checked(path: str, name: str, value: Any) -> Any:
    known = {f.name: f for f in fields(Rules) if f.name != "sources"}
    if name not in known:
        raise ScoreError(f"{path}: there is no rule called {name!r}")
    if name == "ap_m" and isinstance(value, list):
        return tuple(value)
    wanted = type(known[name].default)
    if type(value) is not wanted:
        raise ScoreError(f"{path}: {name} must be of type {wanted.__name__}")
    return value


def _sources(path: str, table: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise ScoreError(f"{path}: [source] holds one sentence a rule")
    for name in table:
        _known_rule(path, name)
    return tuple(sorted(table.items()))


def _known_rule(path: str, name: str) -> None:
    if name not in {f.name for f in fields(Rules)}:
        raise ScoreError(f"{path}: [source] names {name!r}, which is no rule")


def check_rules(rules: Rules, where: str = "rules") -> Rules:
    """The same rules, when their numbers make sense; ScoreError otherwise."""
    for name, allowed in _CHOICES.items():
        if getattr(rules, name) not in allowed:
            raise ScoreError(f"{where}: {name} must be one of {', '.join(allowed)}")
    numbers = {f.name: getattr(rules, f.name) for f in fields(Rules) if type(f.default) is int}
    for name, value in numbers.items():
        low, high = _LIMITS.get(name, (0, _PPM_MAX))
        if type(value) is not int or not low <= value <= high:
            raise ScoreError(f"{where}: {name} must be a whole number from {low} to {high}")
    _check_together(rules, where)
    return rules


def _check_together(rules: Rules, where: str) -> None:
    if rules.full_mm >= rules.radius_mm:
        raise ScoreError(f"{where}: full_mm must be below radius_mm")
    if not rules.class_one_ppm <= rules.class_two_ppm <= rules.class_ppm and rules.method == "gate":
        raise ScoreError(f"{where}: fewer shared class levels cannot bring more points")
    parts = (rules.find_ppm, rules.location_ppm, rules.class_ppm, rules.evidence_ppm, rules.calibration_ppm)
    whole = sum(parts)
    if rules.method == "gate" and whole != _PPM_MAX:
        named = "find, location, class, evidence and calibration"
        raise ScoreError(f"{where}: {named} add up to {whole} ppm, not {_PPM_MAX}")
    if rules.calibration and not rules.calibration_ppm:
        raise ScoreError(f"{where}: calibration is on and calibration_ppm is 0")
    if rules.time and rules.time_par_ms >= rules.time_max_ms:
        raise ScoreError(f"{where}: time_par_ms must be below time_max_ms")
    if not rules.ap_m or not all(type(m) is int and 0 < m <= 1000 for m in rules.ap_m):
        raise ScoreError(f"{where}: ap_m must be whole metres from 1 to 1000")


@lru_cache(maxsize=64)
def rules_digest(rules: Rules) -> str:
    """SHA-256 of the rule book's canonical JSON: every rule, given or by default, and the sources."""
    return digest({"schema_version": 1, **asdict(rules), "sources": dict(rules.sources)})
