"""The echo of a hit list: what the desk understood, on a map and in a table, for the team to nod at.

One HTML file that needs nothing else. It shows the public area, the team's own photos and its own hits; the module can
reach nothing of the targets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from pipeline.contest.intake.dms import NANO, degrees_text, dms_text
from pipeline.contest.intake.echo_map import Spot, svg, window
from pipeline.contest.intake.mistakes import Track
from pipeline.contest.intake.taken import Notice, Taken
from pipeline.contest.plan import Area
from pipeline.files import write_bytes_atomic
from pipeline.score.canonical import half_up
from pipeline.score.hits import Row
from pipeline.words import Lang, class_word, word

NEAR = 0.5  # a hit farther from the area than this share of the area's size is not followed by the map
CLOSER = 2.0  # a second map is drawn where it would be so much closer
MOST_LISTED = 2_000
_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:2em auto;max-width:72em;"
    "padding:0 1em;color:#1b2a30}h1{font-size:1.4em}h2{font-size:1.1em;margin:1.4em 0 .4em}"
    "svg{width:100%;border:1px solid #b8c4c9}table{border-collapse:collapse;width:100%;font-size:.92em}"
    "th,td{border:1px solid #ccd5d9;padding:.25em .5em;text-align:left}td{overflow-wrap:anywhere}"
    "th{background:#eef3f5}.wide{overflow-x:auto}"
    ".paper{fill:#f7faf9}.area{fill:#e4efe9;stroke:#2f7d5b;stroke-dasharray:6 4}.photo{fill:#5aa5d6}"
    ".hit{fill:#c8371b;stroke:#fff}.beyond{fill:none;stroke:#c8371b;stroke-width:2}.bar{fill:none;stroke:#222}"
    "svg text{font:12px system-ui,sans-serif;fill:#222;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".number{white-space:nowrap;overflow-wrap:normal}.warn{background:#fff5dc}.quiet{color:#5c6a70;font-size:.9em}"
)


def write_echo(
    path: Path, taken: Taken, warnings: Sequence[Notice], area: Area | None, track: Track = (), lang: Lang = "zh"
) -> None:
    """Write the page; raises OutputError when that fails.

    warnings: those of `taken` and of `mistakes`; track: (lat_deg, lon_deg) of the team's own photos.
    """
    write_bytes_atomic(path, echo_html(taken, warnings, area, track, lang).encode())


def echo_html(taken: Taken, warnings: Sequence[Notice], area: Area | None, track: Track, lang: Lang) -> str:
    """The page as text; everything that a team wrote is escaped."""
    title = word("intake_echo_title", lang)
    parts = [
        f'<!DOCTYPE html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>',
        f"<body><h1>{title}</h1><p>{escape(taken.name)} · {len(taken.rows)} {word('hits', lang)}</p>",
        f'<p class="quiet">{word("intake_echo_says", lang)}</p>',
        *_warned(warnings, lang),
        *_maps(taken, area, track, lang),
        *_table(taken, {w.row for w in warnings}, lang),
    ]
    return "".join([*parts, "</body></html>\n"])


def _warned(warnings: Sequence[Notice], lang: Lang) -> list[str]:
    head = f"<h2>{word('intake_receipt_warnings', lang)}</h2>"
    if not warnings:
        return [head, f"<p>{word('none', lang)}</p>"]
    rows = [f"<tr><td>{_where(w, lang)}</td><td>{escape(w.text if lang == 'zh' else w.text_en)}</td></tr>"
            for w in warnings[:MOST_LISTED]]  # fmt: skip
    return [head, '<div class="wide"><table class="warn">', *rows, "</table></div>"]


def _where(warning: Notice, lang: Lang) -> str:
    if warning.row is None:
        return word("intake_receipt_whole", lang)
    return word("intake_receipt_row", lang).format(row=warning.row)


def _maps(taken: Taken, area: Area | None, track: Track, lang: Lang) -> list[str]:
    """The area with what lies near it, and the hits alone where they fill little of it."""
    spots: list[Spot] = [(str(n), r.lat_deg, r.lon_deg) for n, r in zip(taken.numbers, taken.rows, strict=True)
             if r.lat_deg is not None and r.lon_deg is not None]  # fmt: skip
    near = [s for s in spots if area is None or _is_near(area, s[1], s[2], NEAR)]
    inside = [s for s in near if area is None or _is_near(area, s[1], s[2], 0)]
    corners = [(area.south_deg, area.west_deg), (area.north_deg, area.east_deg)] if area else []
    if not (corners or near):
        return []
    whole = window([*corners, *((lat, lon) for _, lat, lon in near)])
    drawn = [_figure("intake_echo_map", svg(whole, spots, area, track, word("map", lang)), lang)]
    if inside and area:
        close = window([(lat, lon) for _, lat, lon in inside])
        if close.per_deg > CLOSER * whole.per_deg:
            drawn.append(_figure("intake_echo_close", svg(close, inside, area, track, word("map", lang)), lang))
    return drawn


def _figure(key: str, drawing: str, lang: Lang) -> str:
    return f'<h2>{word(key, lang)}</h2>{drawing}<p class="quiet">{word("intake_echo_legend", lang)}</p>'


def _is_near(area: Area, lat: float, lon: float, share: float) -> bool:
    tall, wide = area.north_deg - area.south_deg, area.east_deg - area.west_deg
    size = share * max(tall, wide * math.cos(math.radians(area.south_deg)))
    return (area.south_deg - size <= lat <= area.north_deg + size
            and area.west_deg - size <= lon <= area.east_deg + size)  # fmt: skip


def _table(taken: Taken, doubted: set[int | None], lang: Lang) -> list[str]:
    typed = taken.data.decode("utf-8", "replace").split("\n") if taken.format == "typed" else []
    keys = (
        *(["intake_echo_typed"] if typed else []),
        "id",
        "class",
        "latitude",
        "longitude",
        "dms",
        "r90",
        "confidence",
    )
    head = "".join(f"<th>{word(key, lang)}</th>" for key in ("intake_echo_row", *keys))
    listed = zip(taken.numbers[:MOST_LISTED], taken.rows[:MOST_LISTED], strict=True)
    rows = [_row([str(n), *typed[n - 1 : n]], row, n in doubted, lang) for n, row in listed]
    return [f"<h2>{word('intake_echo_understood', lang)}</h2>", '<div class="wide"><table>', f"<tr>{head}</tr>", *rows,
            "</table></div>"]  # fmt: skip


def _row(first: Sequence[str], row: Row, doubted: bool, lang: Lang) -> str:
    lat, lon = (None if v is None else half_up(v * NANO) for v in (row.lat_deg, row.lon_deg))
    named = class_word(row.label, lang)
    texts = [
        *first,
        row.id,
        row.label if named == row.label else f"{row.label} ({named})",
    ]
    numbers = [
        "" if lat is None else degrees_text(lat),
        "" if lon is None else degrees_text(lon),
        "" if lat is None or lon is None else f"{dms_text(lat, 'NS')} {dms_text(lon, 'EW')}",
        "" if row.r90_m is None else f"{row.r90_m:g} m",
        "" if row.confidence is None else f"{row.confidence:g}",
    ]
    mark = ' class="warn"' if doubted else ""
    cells = [f"<td>{escape(t)}</td>" for t in texts] + [f'<td class="number">{escape(t)}</td>' for t in numbers]
    return f"<tr{mark}>{''.join(cells)}</tr>"
