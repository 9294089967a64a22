"""The hits that took no target: extra ones and those that do not count, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.contest.maps.window import Window
from pipeline.contest.sheets.near import Neighbours
from pipeline.contest.sheets.numbers import exact
from pipeline.contest.sheets.page import Block, heading, note, table
from pipeline.contest.sheets.reasons import hit_reason, ignored_reason, told
from pipeline.contest.sheets.scene import Judged, Scene, hit_numbers
from pipeline.words import Lang, class_word, word

MOST_LISTED = 300
SUAS_SHARE_PPM = 50_000  # what an unmatched submission costs there, of one object


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """What the tables are made from; `near` is None where the method knows no gate."""

    judged: Judged
    scene: Scene
    near: Neighbours | None
    window: Window
    lang: Lang


def other_hits(others: Others) -> list[Block]:
    """A table of the extra hits and one of those that do not count; none where there is no such hit."""
    score, lang, gate = others.judged.score, others.lang, others.judged.rules.method == "gate"
    blocks: list[Block] = []
    if score["extra"]:
        share = exact(others.judged.rules.extra_ppm if gate else SUAS_SHARE_PPM)
        blocks += [heading(word("scores_extras", lang), 3), note(told("extras_told", lang, share=share), lead=True)]
        blocks += _listed(others, "extra", word("scores_extras", lang))
    if score["ignored"]:
        told_of = told("ignored_told" if gate else "ignored_suas", lang)
        blocks += [heading(word("scores_ignored", lang), 3), note(told_of, lead=True)]
        blocks += _listed(others, "ignored", word("scores_ignored", lang))
    return blocks


def _listed(others: Others, fate: str, name: str) -> list[Block]:
    idents, lang = others.judged.score[fate], others.lang
    keys = ["number", "hit", "class", "grid", *(["nearest"] if others.near else []), "why"]
    head = [word(f"scores_{key}", lang) for key in keys]
    index = {ident: i for i, ident in enumerate(others.judged.hits.ids)}
    numbers, at = hit_numbers(others.judged.score), {dot.index: dot.at for dot in others.scene.dots}
    squares = {hit: others.window.square(place) for hit, place in at.items()}
    rows = [
        [numbers[ident], *_row(others, fate, index[ident], squares.get(index[ident], "—"))]
        for ident in idents[:MOST_LISTED]
    ]
    blocks = [table(head, rows, "l" * len(keys), {1: 2, 2: 4, len(keys) - 1: 6}, name)]
    more = len(idents) - len(rows)
    return [*blocks, note(told("more", lang, n=more))] if more else blocks


def _row(others: Others, fate: str, hit: int, square: str) -> list[str]:
    judged, lang = others.judged, others.lang
    found = others.near.of_hit.get(hit) if others.near else None
    nearest = [others.scene.spots[found.other].number if found else "—"] if others.near else []
    extra = fate == "extra"
    why = hit_reason(judged, others.scene, others.near, hit, lang) if extra else ignored_reason(judged, hit, lang)
    return [judged.hits.ids[hit], class_told(judged.hits.labels[hit], lang), square, *nearest, why]


def class_told(label: str, lang: Lang) -> str:
    """A class's path, which is what was compared, behind its Chinese name."""
    said = class_word(label, lang)
    return label if lang == "en" or said == label else f"{said} {label}"
