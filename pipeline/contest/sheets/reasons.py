"""The reason of every part of every target's points, and of every hit that brought none, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contest.sheets.near import Near, Neighbours
from pipeline.contest.sheets.numbers import exact, exact_m, feet_text
from pipeline.contest.sheets.scene import Judged, Scene, Spot
from pipeline.score.evidence import Evidence, in_flight, inside_crop, own_original, sharp_enough
from pipeline.score.hits import NONE
from pipeline.score.points import shared_levels
from pipeline.types import Rules
from pipeline.words import Lang, joint, word

Pair = Mapping[str, Any]


def told(key: str, lang: Lang, **values: Any) -> str:
    """A sentence of the catalogue with its values."""
    return word(f"scores_{key}", lang).format(**values)


def pair_reasons(judged: Judged, spot: Spot, pair: Pair, lang: Lang) -> list[str]:
    """One sentence a part: find, location, class, and evidence where the rules ask for it."""
    if judged.rules.method == "suas":
        return _suas(pair, lang)
    own, failed = _evidence(judged, spot)
    if not own:
        return [told("why_evidence_missing", lang)]
    said = judged.hits.labels[spot.hit] if spot.hit is not None else ""
    lines = [_find(judged.rules, pair, lang), _location(judged.rules, spot, pair, lang)]
    lines.append(_class(spot.target.label, said, pair, lang))
    lines += [_evidence_told(judged, pair, failed, lang)] if judged.rules.evidence else []
    return lines + ([_calibration(judged, spot, pair, lang)] if judged.rules.calibration else [])


def _find(rules: Rules, pair: Pair, lang: Lang) -> str:
    points = exact(pair["find_u"])
    off = (0 if rules.evidence else rules.evidence_ppm) + (0 if rules.calibration else rules.calibration_ppm)
    return told("why_find_with", lang, points=points, more=exact(off)) if off else told("why_find", lang, points=points)


def _location(rules: Rules, spot: Spot, pair: Pair, lang: Lang) -> str:
    values = {
        "points": exact(pair["location_u"]),
        "d": exact_m(pair["distance_mm"]),
        "full": exact_m(rules.full_mm),
        "radius": exact_m(rules.radius_mm),
        "share": exact(rules.location_ppm),
        "weight": _times(spot.target.weight),
    }
    return told("why_near" if pair["distance_mm"] <= rules.full_mm else "why_linear", lang, **values)


def _class(label: str, said: str, pair: Pair, lang: Lang) -> str:
    levels = shared_levels(label, said)
    key = {-1: "same", 0: "none", 1: "one"}.get(levels, "two")
    return told(f"why_class_{key}", lang, points=exact(pair["class_u"]), levels=levels, label=label, said=said)


def _calibration(judged: Judged, spot: Spot, pair: Pair, lang: Lang) -> str:
    rules, r90_mm = judged.rules, NONE if spot.hit is None else int(judged.hits.r90_mm[spot.hit])
    if r90_mm == NONE:
        return told("why_calibration_none", lang)
    return told(
        "why_calibration",
        lang,
        points=exact(pair["calibration_u"]),
        weight=_times(spot.target.weight),
        share=exact(rules.calibration_ppm),
        most=exact_m(rules.calibration_mm),
        r=exact_m(min(r90_mm, rules.calibration_mm)),
        d=exact_m(min(pair["distance_mm"], rules.calibration_mm)),
    )


def _times(weight: int) -> str:
    """A factor that is left out where it changes nothing."""
    return "" if weight == 1 else f"{weight} × "


def _evidence(judged: Judged, spot: Spot) -> tuple[bool, list[str]]:
    """(an original of the team's own flight is named, tests that the best such entry failed)."""
    if not judged.rules.evidence or spot.hit is None:
        return True, []
    overruled = (judged.overruled or {}).get(judged.hits.ids[spot.hit])
    own = [e for e in judged.hits.evidence[spot.hit] if own_original(e, judged.originals)]
    if overruled is not None or not own:
        return bool(own) or overruled is True, []
    return True, min((_failed(e, judged) for e in own), key=len)


def _failed(entry: Evidence, judged: Judged) -> list[str]:
    tests = {
        "crop": inside_crop(entry),
        "sharp": sharp_enough(entry, judged.rules.sharpness_min_ppm),
        "time": in_flight(entry, judged.flight_ms),
    }
    return [name for name, holds in tests.items() if not holds]


def _evidence_told(judged: Judged, pair: Pair, failed: list[str], lang: Lang) -> str:
    points, overruled = exact(pair["evidence_u"]), (judged.overruled or {}).get(pair["hit"])
    if overruled is not None:
        return told("why_overruled_yes" if overruled else "why_overruled_no", lang, points=points)
    if not failed:
        return told("why_evidence", lang, points=points)
    reasons = joint("and", lang).join(word(f"scores_failed_{name}", lang) for name in failed)
    return told("why_evidence_failed", lang, failed=reasons)


def _suas(pair: Pair, lang: Lang) -> list[str]:
    lines = [
        told("suas_find", lang, points=exact(pair["find_u"])),
        told("suas_class", lang, points=exact(pair["class_u"])),
    ]
    if pair["distance_mm"] is not None:
        feet = feet_text(pair["distance_mm"])
        lines.insert(1, told("suas_location", lang, points=exact(pair["location_u"]), feet=feet))
    return lines


def missed_reason(judged: Judged, scene: Scene, near: Neighbours | None, index: int, lang: Lang) -> str:
    """Why nobody took a target."""
    if near is None:
        return told("suas_missed", lang)
    if scene.spots[index].gate2_mm == 0:
        return told("not_shut", lang)
    found = near.of_target.get(index)
    if found is None:
        return told("not_nobody", lang, look=exact_m(near.look_mm))
    other = next((s.number for s in scene.spots if s.hit == found.other), "")
    values = _values(judged, scene, index, found)
    return told(f"not_{found.cause}", lang, hit=judged.hits.ids[found.other], other=other, **values)


def hit_reason(judged: Judged, scene: Scene, near: Neighbours | None, hit: int, lang: Lang) -> str:
    """Why a hit took nothing."""
    if judged.hits.lat_e9[hit] == NONE:
        return told("extra_nowhere", lang)
    if near is None:
        return told("suas_extra", lang)
    found = near.of_hit.get(hit)
    if found is None:
        return told("extra_nobody", lang, look=exact_m(near.look_mm))
    values = {**_values(judged, scene, found.other, found), **_winner(judged, scene.spots[found.other])}
    return told(f"extra_{found.cause}", lang, **values)


def ignored_reason(judged: Judged, hit: int, lang: Lang) -> str:
    """Why a hit does not count."""
    if judged.hits.ids[hit] in judged.on_voided:
        return told("ignored_voided", lang)
    return told("suas_repeat" if judged.rules.method == "suas" else "ignored_area", lang)


def _values(judged: Judged, scene: Scene, target: int, found: Near) -> dict[str, str]:
    gate = exact_m(scene.spots[target].gate2_mm // 2)
    return {"d": exact_m(found.distance_mm), "radius": exact_m(judged.rules.radius_mm), "gate": gate}


def _winner(judged: Judged, spot: Spot) -> dict[str, str]:
    """Who took a hit's nearest target, how near and for how much."""
    pair = next((p for p in judged.score["pairs"] if p["target"] == spot.target.id), None)
    if pair is None:
        return {"other": "—", "other_d": "—", "other_points": "—"}
    return {"other": pair["hit"], "other_d": exact_m(pair["distance_mm"]), "other_points": exact(pair["points_u"])}
