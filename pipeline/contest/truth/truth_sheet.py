"""The truth sheet: what surveyors and judges compare with the field book, and sign by hand before the seal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.contest.intake.dms import dms_text
from pipeline.contest.truth.drawing import truth_map
from pipeline.contest.truth.folder import Truth
from pipeline.contest.truth.grids import read_crs
from pipeline.contest.truth.plain import plain_target
from pipeline.report.rounding import rounded_text
from pipeline.report.setting import set_pdf
from pipeline.report.sheet_text import plain_text
from pipeline.types import Target
from pipeline.words import Lang, class_word, word

TEMPLATE = Path(__file__).parent / "sheet.typ"
WORDS = ("title", "secret", "check", "signed", "leg", "field", "name", "signature", "date", "map", "areas", "targets",
         "page", "digest_told", "head_no", "head_id", "head_class", "head_weight", "head_degrees", "head_grid",
         "head_r90", "head_apart", "head_measured", "head_window")  # fmt: skip
SIGNATURES = 2
NONE = "—"


def truth_sheet(truth: Truth, lang: Lang = "zh") -> tuple[bytes, list[str]]:
    """(the PDF, warnings). The same truth gives the same bytes where no font of the system had to help out."""
    measured = {m["id"]: m for m in truth.survey["measured"]}
    real = [t for t in truth.targets if t.kind == "target"]
    page = _Sheet(lang, truth, ZoneInfo(truth.survey["tz"]))
    data = {
        "lang": lang,
        "words": {key: word(f"truth_{key}", lang) for key in WORDS},
        "facts": page.facts(),
        "digest": truth.digest,
        "rows": [page.row(n, t, measured.get(t.id)) for n, t in enumerate(real, 1)],
        "areas": [page.area(t) for t in truth.targets if t.kind != "target"],
        "signatures": SIGNATURES,
    }
    drawing = truth_map(truth.targets, word("truth_map", lang)).encode()
    return set_pdf(TEMPLATE, data, _last(truth), {"map.svg": drawing})


def _last(truth: Truth) -> datetime:
    """When the last occupation was measured, for the PDF's own date."""
    times = [o["t_ms"] for m in truth.survey["measured"] for o in m["occupations"] if o["t_ms"] is not None]
    return datetime.fromtimestamp(max(times, default=315_532_800_000) // 1000, UTC)


class _Sheet:
    """Texts of one sheet in one language and zone."""

    def __init__(self, lang: Lang, truth: Truth, zone: ZoneInfo) -> None:
        self.lang, self.truth, self.zone = lang, truth, zone

    def said(self, key: str, **values: object) -> str:
        return word(f"truth_{key}", self.lang).format(**values)

    def facts(self) -> list[list[str]]:
        survey = self.truth.survey
        counts = [sum(t.kind == kind for t in self.truth.targets) for kind in ("target", "ignore")]
        files = [self.said("file", name=plain_text(f["name"]), rows=f["rows"], sha=f["sha256"][:16])
                 for f in survey["files"]]  # fmt: skip
        apart = [m["apart_mm"] for m in survey["measured"]]
        return [
            [self.said("fact_count"), self.said("count", targets=counts[0], areas=counts[1])],
            [self.said("fact_crs"), self.system()],
            [self.said("fact_files"), "\n".join(files) or NONE],
            [self.said("fact_apart"), self.said("apart_told", most=max(apart)) if apart else NONE],
            [self.said("fact_zone"), survey["tz"]],
        ]

    def system(self) -> str:
        grid = read_crs(self.truth.survey["crs"])
        if not grid.width_deg:
            return self.said("crs_degrees")
        key = "crs_prefix" if grid.meridian_deg is None else "crs_meridian"
        return self.said(key, width=grid.width_deg, meridian=grid.meridian_deg)

    def row(self, number: int, target: Target, measured: Mapping[str, Any] | None) -> list[str]:
        plain = plain_target(target)
        return [
            str(number),
            plain_text(target.id),
            plain_text(_class(target.label, self.lang)),
            str(target.weight),
            _degrees(plain),
            self.grid(target),
            NONE if plain["r90_mm"] is None else rounded_text(plain["r90_mm"] / 1e3, 3),
            self.apart(measured) if measured else self.said("as_area"),
            "\n".join(self.occupation(o) for o in measured["occupations"]) if measured else NONE,
            self.window(target),
        ]

    def grid(self, target: Target) -> str:
        """X and Y as the survey has them; of latitudes and longitudes those of the place's own 3° zone."""
        from pipeline.geo.coordinates import cgcs2000_forward

        grid = read_crs(self.truth.survey["crs"])
        meridian = grid.meridian_deg
        north_m, east_m = cgcs2000_forward(target.at.lat_deg, target.at.lon_deg, grid.width_deg or 3, meridian)[0]
        return f"X {rounded_text(north_m, 3)}\nY {rounded_text(east_m, 3)}"

    def apart(self, measured: Mapping[str, Any]) -> str:
        up = NONE if measured["up_mm"] is None else f"{measured['up_mm']:+d}"
        whole = self.said("apart", mm=measured["apart_mm"])
        return f"{whole}\nΔN {measured['north_mm']:+d}  ΔE {measured['east_mm']:+d}  Δh {up}"

    def occupation(self, stay: Mapping[str, Any]) -> str:
        parts = [self.time(stay["t_ms"]), self.said("fixed" if stay["fixed"] else "not_told")]
        parts += [f"HRMS {stay['hrms_mm']}"] if stay["hrms_mm"] is not None else []
        parts += [f"VRMS {stay['vrms_mm']}"] if stay["vrms_mm"] is not None else []
        return "  ".join(parts)

    def time(self, t_ms: int | None) -> str:
        if t_ms is None:
            return self.said("no_time")
        return f"{datetime.fromtimestamp(t_ms // 1000, UTC).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def window(self, target: Target) -> str:
        ends = (target.visible_from_ms, target.visible_to_ms)
        return NONE if ends == (None, None) else "\n".join(NONE if e is None else self.time(e) for e in ends)

    def area(self, target: Target) -> list[str]:
        corners = sum(len(ring) - 1 for rings in target.polygons for ring in rings)
        return [plain_text(target.id) or NONE, self.said("corners", n=corners)]


def _class(label: str, lang: Lang) -> str:
    words = class_word(label, lang)
    return label if words == label else f"{words}\n{label}"


def _degrees(plain: Mapping[str, Any]) -> str:
    """Latitude and longitude in degrees to the last digit that is sealed, and to 3 cm in the surveyors' way."""
    lines = []
    for key, letters in (("lat_e9", "NS"), ("lon_e9", "EW")):
        value = int(plain[key])
        whole, rest = divmod(abs(value), 10**9)
        lines.append(f"{'-' if value < 0 else ''}{whole}.{rest:09d}°  {dms_text(value, letters)}")
    return "\n".join(lines)
