"""How a hit list's points come about, step by step, so that a team can do it again by hand."""

from __future__ import annotations

from fractions import Fraction

from pipeline.contest.sheets.numbers import exact, micro_text
from pipeline.contest.sheets.reasons import told
from pipeline.contest.sheets.scene import Judged
from pipeline.types import Target
from pipeline.words import Lang

Steps = list[list[str]]


def list_steps(judged: Judged, lang: Lang) -> Steps:
    """From the pairs to the points of the list."""
    real = [t for t in judged.targets if t.kind == "target"]
    if not real:
        return [[told("without_targets", lang), told("none", lang)]]
    return _suas(judged, len(real), lang) if judged.rules.method == "suas" else _gate(judged, real, lang)


def _gate(judged: Judged, real: list[Target], lang: Lang) -> Steps:
    rules, weights = judged.rules, sum(t.weight for t in real)
    pairs, extras = judged.score["pairs"], len(judged.score["extra"])
    sum_u = sum(p["points_u"] for p in pairs)
    cost = Fraction(extras * rules.extra_ppm * weights, len(real) * 1_000_000)
    points = 100 * max(Fraction(0), Fraction(sum_u, 1_000_000) - cost) / weights
    values = {"n": extras, "share": exact(rules.extra_ppm), "weights": weights, "targets": len(real)}
    steps = [
        [told("step_weights", lang, n=len(real)), str(weights)],
        [told("step_sum", lang, n=len(pairs)), exact(sum_u)],
        [told("step_extras", lang, **values), micro_text(cost)],
        [told("step_points", lang, sum=exact(sum_u), cost=micro_text(cost), weights=weights), micro_text(points)],
    ]
    return steps + (_time(judged, points, lang) if rules.time else [])


def _time(judged: Judged, points: Fraction, lang: Lang) -> Steps:
    rules, elapsed_ms = judged.rules, judged.elapsed_ms or 0
    longest, par = rules.time_max_ms, rules.time_par_ms
    left = Fraction(min(max(longest - elapsed_ms, 0), longest - par), longest - par)
    whole = points * (1_000_000 - rules.time_ppm) / 1_000_000 + Fraction(100 * rules.time_ppm, 1_000_000) * left
    values = {
        "rest": exact(1_000_000 - rules.time_ppm),
        "most": exact(100 * rules.time_ppm),
        "longest": _seconds(longest),
        "par": _seconds(par),
        "elapsed": _seconds(elapsed_ms),
    }
    return [[told("step_time", lang, **values), micro_text(whole)]]


def _seconds(length_ms: int) -> str:
    return f"{exact(length_ms * 1000).removesuffix('.00')} s"


def _suas(judged: Judged, targets: int, lang: Lang) -> Steps:
    sum_u = sum(p["points_u"] for p in judged.score["pairs"])
    extras = len(judged.score["extra"])
    values = {"sum": exact(sum_u), "targets": targets, "extras": extras}
    return [
        [told("step_sum", lang, n=len(judged.score["pairs"])), exact(sum_u)],
        [told("step_suas", lang, **values), exact(judged.score["points_u"])],
    ]
