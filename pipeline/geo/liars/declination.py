"""By how much a compass points beside true north, where a model of the Earth's field is installed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType

from pipeline.types import GeoPoint


@dataclass(frozen=True, slots=True)
class Declination:
    """Magnetic north is this many degrees east of true north."""

    deg: float


def declination_at(at: GeoPoint, t_ns: int | None) -> Declination | None:
    """By the world magnetic model (NOAA/BGS) of the time's five years; None without model or time."""
    model = _model()
    if model is None or t_ns is None:
        return None
    moment = datetime.fromtimestamp(t_ns / 1e9, UTC)
    year = moment.year + (moment.timetuple().tm_yday - 0.5) / 365.25
    try:
        field = model.GeoMag(base_year=moment.year).calculate(at.lat_deg, at.lon_deg, at.alt_m / 1000.0, year)
    except ValueError:  # before the first model or after the last
        return None
    return Declination(float(field.d))


def _model() -> ModuleType | None:
    try:
        return importlib.import_module("pygeomag")
    except ImportError:
        return None
