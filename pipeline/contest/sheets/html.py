"""A sheet as one page of HTML that needs nothing else: no script, no network, to be read on a phone and printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from pipeline.contest.sheets.page import Block, Page

STYLE = Path(__file__).resolve().parent / "templates" / "sheet.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
TONGUES = {"zh": "zh-CN", "en": "en"}


def html_of(page: Page) -> bytes:
    """UTF-8. Whatever people wrote is text in it."""
    data = page.data()
    body = "".join(_block(block, page.drawings) for block in data["blocks"])
    notice = f'<p class="notice">{_e(data["notice"])}</p>' if data["notice"] else ""
    return (
        f'<!doctype html>\n<html lang="{TONGUES[page.lang]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{_e(data['title'])}</title><style>{STYLE.read_text('utf-8')}</style></head>\n"
        f"<body><main><h1>{_e(data['title'])}</h1>{notice}\n{body}</main>\n"
        f"<footer><p>{_e(data['foot'][0])}</p><p>{_e(data['foot'][1])}</p>{notice}</footer></body></html>\n"
    ).encode()


def _e(text: str) -> str:
    return escape(text, quote=True)


def _block(block: Block, drawings: Mapping[str, str]) -> str:
    ways: dict[str, Callable[[Block], str]] = {
        "heading": _heading,
        "banner": _banner,
        "facts": _facts,
        "table": _table,
        "steps": _steps,
        "masthead": lambda b: "".join(f'<p class="under">{_e(line)}</p>' for line in b["under"]),
        "signatures": lambda b: '<p class="signed">' + "".join(f"<span>{_e(w)}</span>" for w in b["who"]) + "</p>",
        "note": lambda b: f'<p class="note">{_e(b["text"])}</p>',
        "break": lambda b: '<div class="break"></div>',
        "figure": lambda b: _figure(b, drawings),
        "cards": lambda b: _cards(b, drawings),
    }
    return ways[block["kind"]](block) + "\n"


def _heading(block: Block) -> str:
    return f"<h{block['level']}>{_e(block['text'])}</h{block['level']}>"


def _banner(block: Block) -> str:
    under = "".join(f"<p>{_e(line)}</p>" for line in block["under"])
    place = f'<p class="place">{_e(block["place"])}</p>' if block["place"] else ""
    sure = f"<p>{_e(block['sure'])}</p>" if block["sure"] else ""
    return (
        f'<section class="banner"><div><p class="name">{_e(block["name"])}</p>{under}</div>'
        f'<div class="result"><p><span class="points">{_e(block["points"])}</span> {_e(block["most"])}</p>'
        f"{place}{sure}</div></section>"
    )


def _facts(block: Block) -> str:
    return "<dl>" + "".join(f"<dt>{_e(k)}</dt><dd>{_e(v)}</dd>" for k, v in block["rows"]) + "</dl>"


def _table(block: Block) -> str:
    kinds = ["r" if a == "r" else "l" for a in block["align"]]
    head = "".join(f'<th scope="col" class="{a}">{_e(t)}</th>' for t, a in zip(block["head"], kinds, strict=True))
    rows = (
        "<tr>" + "".join(f'<td class="{a}">{_e(t)}</td>' for t, a in zip(row, kinds, strict=True)) + "</tr>"
        for row in block["rows"]
    )
    name = _e(block["name"])
    size = "many" if len(kinds) > 5 else "some" if len(kinds) > 3 else "few"
    inside = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    region = f'<div class="wide" role="region" aria-label="{name}" tabindex="0">'
    return f'{region}<table class="{size}">{inside}</table></div>'


def _steps(block: Block) -> str:
    rows = "".join(f"<li><span>{_e(t)}</span><b>{_e(v)}</b></li>" for t, v in block["rows"])
    return f'<ol class="steps">{rows}</ol>'


def _figure(block: Block, drawings: Mapping[str, str]) -> str:
    caption = _e(block["caption"])
    return (
        f'<figure class="map"><div class="wide" role="region" aria-label="{caption}" tabindex="0">'
        f"{drawings[block['drawing']]}</div><figcaption>{caption}</figcaption></figure>"
    )


def _cards(block: Block, drawings: Mapping[str, str]) -> str:
    return '<div class="cards">' + "".join(_card(card, drawings) for card in block["cards"]) + "</div>"


def _card(card: Mapping[str, Any], drawings: Mapping[str, str]) -> str:
    lines = "".join(f"<li>{_e(line)}</li>" for line in card["lines"])
    state = "good" if card["good"] else "bad"
    badge = f'<span class="{state}">{_e(card["badge"])}</span>'
    head = f'<b class="title">{_e(card["title"])}</b> {badge} <b>{_e(card["points"])}</b>'
    return f'<section class="card">{drawings[card["drawing"]]}<div><h4>{head}</h4><ul>{lines}</ul></div></section>'
