"""A judged hit list as blocks of a sheet: map, table, a card a target, extras, arithmetic and statistics.

Independent of any contest: a practice field and a contest's leg are shown the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.contest.maps.window import Window
from pipeline.contest.sheets.arithmetic import list_steps
from pipeline.contest.sheets.cards import card as card_drawing
from pipeline.contest.sheets.drawing import metres, overview
from pipeline.contest.sheets.figures import statistics_rows
from pipeline.contest.sheets.near import Neighbours, neighbours
from pipeline.contest.sheets.numbers import exact
from pipeline.contest.sheets.other_hits import Others, class_told, other_hits
from pipeline.contest.sheets.page import Block, Page, card, cards, facts, figure, heading, note, steps, table
from pipeline.contest.sheets.reasons import missed_reason, pair_reasons, told
from pipeline.contest.sheets.scene import Judged, Scene, Spot, scene_of
from pipeline.score.sheet import metres_text
from pipeline.types import points_text
from pipeline.words import Lang, word

MOST_CARDS = 150


def list_blocks(judged: Judged, page: Page, more_steps: Sequence[Sequence[str]] = ()) -> list[Block]:
    """All that a hit list brought and why; `more_steps` go on with the arithmetic (events, the leg's points)."""
    lang, scene = page.lang, scene_of(judged)
    near = neighbours(judged, scene) if judged.rules.method == "gate" else None
    drawing, window, counts = overview(scene, lang)
    return [
        figure(page.draw(drawing), _caption(window, counts, lang)),
        heading(word("scores_targets", lang), 3),
        _targets_table(judged, scene, lang),
        note(word("scores_unit", lang)),
        *other_hits(Others(judged, scene, near, window, lang)),
        heading(word("scores_arithmetic", lang), 3),
        steps([*list_steps(judged, lang), *more_steps]),
        note(word("scores_rounding", lang)),
        heading(word("scores_why", lang), 3),
        cards([_card(judged, scene, near, spot, page) for spot in scene.spots[:MOST_CARDS]]),
        heading(word("scores_statistics", lang), 3),
        facts(statistics_rows(judged, lang)),
    ]


def _caption(window: Window, counts: Mapping[str, int], lang: Lang) -> str:
    told_of = [told("map_told", lang, grid=metres(window.grid_m))]
    told_of += [told(f"map_{key}", lang, n=n) for key, n in counts.items() if n]
    return " ".join(told_of)


def _targets_table(judged: Judged, scene: Scene, lang: Lang) -> Block:
    keys = ["number", "target", "class", "weight", "hit", "distance", "find", "location", "class_points"]
    keys += [*(["evidence"] if judged.rules.evidence else []), *(["calibration"] if judged.rules.calibration else [])]
    keys.append("sum")
    rows = aligned([_target_row(judged, spot, lang) for spot in scene.spots], 6)
    head = [word(f"scores_{key}", lang) for key in keys]
    align = "lllrl" + "r" * (len(keys) - 5)
    return table(head, rows, align, {1: 2, 2: 5, 4: 2}, word("scores_targets", lang))


def _target_row(judged: Judged, spot: Spot, lang: Lang) -> list[str]:
    pair = pair_of(judged, spot)
    front = [spot.number, spot.target.id, class_told(spot.target.label, lang), str(spot.target.weight)]
    parts = ["find_u", "location_u", "class_u", *(["evidence_u"] if judged.rules.evidence else [])]
    parts += [*(["calibration_u"] if judged.rules.calibration else []), "points_u"]
    if pair is None:
        return [*front, word("scores_badge_missed", lang), "", *([""] * (len(parts) - 1)), exact(0)]
    distance = "—" if pair["distance_mm"] is None else metres_text(pair["distance_mm"])
    return [*front, pair["hit"], distance, *(exact(pair[p]) for p in parts)]


def aligned(rows: Sequence[Sequence[str]], first: int) -> list[list[str]]:
    """The same rows, numbers of each column from `first` on with as many decimals as the longest one."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    for column in columns[first:]:
        most = max(len(cell.partition(".")[2]) for cell in column)
        column[:] = [cell + "0" * (most - len(cell.partition(".")[2])) if "." in cell else cell for cell in column]
    return [list(row) for row in zip(*columns, strict=True)]


def pair_of(judged: Judged, spot: Spot) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = next((p for p in judged.score["pairs"] if p["target"] == spot.target.id), None)
    return found


def _card(judged: Judged, scene: Scene, near: Neighbours | None, spot: Spot, page: Page) -> Block:
    pair = pair_of(judged, spot)
    if pair is None:
        return _missed_card(judged, scene, near, spot, page)
    lines = [_taken_by(pair, page.lang), *pair_reasons(judged, spot, pair, page.lang)]
    distance = "" if pair["distance_mm"] is None else f"{metres_text(pair['distance_mm'])} m"
    drawing = card_drawing(scene, spot, None, distance, f"{_title(spot)}: {lines[0]}")
    badge = word("scores_badge_found" if pair["points_u"] else "scores_badge_nothing", page.lang)
    points = f"{points_text(pair['points_u'])} / {spot.target.weight}"
    return card(page.draw(drawing), _title(spot), badge, bool(pair["points_u"]), points, lines)


def _missed_card(judged: Judged, scene: Scene, near: Neighbours | None, spot: Spot, page: Page) -> Block:
    index = int(spot.number) - 1
    other = near.of_target.get(index) if near else None
    distance = f"{metres_text(other.distance_mm)} m" if other else ""
    lines = [class_told(spot.target.label, page.lang), missed_reason(judged, scene, near, index, page.lang)]
    drawing = card_drawing(scene, spot, other.other if other else None, distance, f"{_title(spot)}: {lines[1]}")
    badge = word("scores_badge_missed", page.lang)
    return card(page.draw(drawing), _title(spot), badge, False, f"0 / {spot.target.weight}", lines)


def _title(spot: Spot) -> str:
    return f"{spot.number}  {spot.target.id}"


def _taken_by(pair: Mapping[str, Any], lang: Lang) -> str:
    if pair["distance_mm"] is None:
        return told("card_nowhere", lang, hit=pair["hit"])
    return told("card_found", lang, hit=pair["hit"], distance=metres_text(pair["distance_mm"]))
