"""A practice field: public targets, an instant score, and a sheet that shows each point with its reason.

No part of a contest: it reads two files and writes one.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.contest.sheets.html import html_of
from pipeline.contest.sheets.leg_page import list_blocks
from pipeline.contest.sheets.page import Page, banner, facts, heading, note
from pipeline.contest.sheets.reasons import told
from pipeline.contest.sheets.scene import Judged
from pipeline.files import write_bytes_atomic
from pipeline.score.hits import read_hits
from pipeline.score.rules import read_rules
from pipeline.score.sheet import result
from pipeline.score.targets import read_targets
from pipeline.score.verdict import judge
from pipeline.types import Score, points_text
from pipeline.words import Lang, word


def practice(
    hits: Path, targets: Path, rules: str | Path = "drill-example", out: Path | None = None, lang: Lang = "zh"
) -> Score:
    """The score of a hit list against public targets; `out`: where the HTML sheet goes.

    Where the rules count evidence, hashes and times are compared with nothing: there is no flight that a judge watched.
    Raises ScoreError for files that make no sense, OutputError where `out` cannot be written.
    """
    sent, known, book = read_hits(hits), read_targets(targets), read_rules(rules)
    score = judge(sent, known, book, elapsed_ms=0 if book.time else None)
    if out is not None:
        judged = Judged(result(score), known, sent, book, elapsed_ms=0 if book.time else None)
        write_bytes_atomic(out, html_of(practice_page(judged, Path(hits).name, lang)))
    return score


def practice_page(judged: Judged, name: str, lang: Lang) -> Page:
    """The sheet: one leg, no place, no ledger."""
    score = judged.score
    page = Page(lang, word("scores_practice_title", lang), score["notice"], (name, score["software"]))
    points, most = points_text(score["points_u"]), points_text(score["points_max_u"])
    shown = told("none", lang) if score["points_u"] is None else points
    page.blocks.append(banner(name, [word("scores_practice_told", lang)], shown, told("of", lang, most=most), "", ""))
    page.blocks.append(heading(word("scores_kind_drone", lang)))
    page.blocks += list_blocks(judged, page)
    page.blocks += [heading(word("scores_origin", lang), 3), facts(digests(judged, lang))]
    page.blocks += [note(warning) for warning in score["warnings"]]
    return page


def digests(judged: Judged, lang: Lang) -> list[list[str]]:
    """What a list was judged by, so that it can be judged again."""
    rules = f"{judged.rules.name}, v{judged.rules.version}"
    names = ("rules", "rules_digest", "targets_digest", "hits_digest")
    values = (rules, *(judged.score[n] for n in names[1:]))
    return [[word(f"scores_{n}", lang), v] for n, v in zip(names, values, strict=True)]
