"""What a team takes home after a submission: what was received and when, signed; never a score.

`NNNN-ENTRANT.json` is the ledger's own line, so that its signature can be checked without the contest's folder;
`.txt` and `.pdf` say the same for people. All three can be made again from the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipeline.contest.ledger import Event
from pipeline.errors import OutputError
from pipeline.files import write_bytes_atomic
from pipeline.words import Lang, both, word

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest

RECEIPTS = "receipts"
TEMPLATE = Path(__file__).parent / "templates" / "receipt.typ"
MOST_SHOWN = 40  # warnings on a sheet; the ledger holds all
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)  # shown whole, so that it can be copied
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An acknowledged submission, with the names that its ids stand for."""

    event: Event
    contest_name: str
    organiser: str
    leg_title: str
    entrant_name: str
    submissions: int  # how many an entrant has
    zone: str
    paths: tuple[Path, ...] = ()  # the files that were written: JSON, text, PDF
    unmirrored: tuple[str, ...] = field(default=(), compare=False)  # what kept a mirror from being brought up to date

    @property
    def stem(self) -> str:
        """The name of its files, without ending."""
        return f"{self.event.seq:04d}-{self.event.body['entrant']}"

    def facts(self, lang: Lang) -> list[Pair]:
        """(what, value) as people read it."""
        body = self.event.body
        told: dict[str, str] = {
            "receipt_contest": f"{self.contest_name} ({self.event.contest})",
            "receipt_organiser": self.organiser,
            "receipt_leg": f"{self.leg_title} ({body['leg']}, {word('intake_receipt_field', lang)} {body['field']})",
            "receipt_entrant": f"{self.entrant_name} ({body['entrant']})",
            "receipt_number": word("intake_receipt_number_told", lang).format(n=body["number"], most=self.submissions),
            "receipt_time": moment_text(self.event.t_ms, self.zone),
            "receipt_clock": self._clock(lang),
            "receipt_hits": str(body["hits"]),
            "receipt_file": word("intake_receipt_file_told", lang).format(form=body["format"], size=body["bytes"]),
            "receipt_sha256": body["object"],
            "receipt_digest": body["hits_digest"],
            "receipt_event": str(self.event.seq),
            "receipt_head": self.event.head,
            "receipt_key": self.event.key,
        }
        return [(word(f"intake_{key}", lang), value) for key, value in told.items()]

    def _clock(self, lang: Lang) -> str:
        elapsed = self.event.body["elapsed_ms"]
        if elapsed is None:
            return word("intake_receipt_no_clock", lang)
        late = "late" if self.event.body["late"] else "in_time"
        return f"{duration_text(elapsed)}  {word(f'intake_receipt_{late}', lang)}"

    def warnings(self, lang: Lang) -> list[Pair]:
        """(row, sentence) of each warning."""
        key, rows = "text" if lang == "zh" else "text_en", self.event.body["warnings"]
        return [(_row_text(w, lang), str(w.get(key, w.get("text", "")))) for w in rows]

    def text(self, lang: Lang) -> str:
        """The whole receipt as lines of text."""
        facts = [f"{what}: {value}" for what, value in self.facts(lang)]
        found = self.warnings(lang)
        head = f"{word('intake_receipt_warnings', lang)}: {len(found) or word('none', lang)}"
        shown = [f"  {row}: {text}" for row, text in found[:MOST_SHOWN]]
        more = [f"  … +{len(found) - MOST_SHOWN}"] if len(found) > MOST_SHOWN else []
        title, says = word("intake_receipt_title", lang), word("intake_receipt_no_score", lang)
        return "\n".join([title, "", *facts, "", head, *shown, *more, "", says, ""])


def receipt_of(contest: Contest, event: Event) -> Receipt:
    """The receipt of a `submission` event."""
    state, body = contest.state, event.body
    entrants: Mapping[str, Any] = state.persons if state.plan.leg(body["leg"]).entrants == "person" else state.teams
    plan = state.plan
    return Receipt(event, plan.name, plan.organiser, plan.leg(body["leg"]).title, entrants[body["entrant"]].name,
                   plan.limits.submissions, plan.tz)  # fmt: skip


def write_receipt(folder: Path, event: Event, contest: Contest | None = None) -> tuple[Path, Path, Path]:
    """Write receipts/NNNN-ENTRANT.json, .txt and .pdf into a contest folder; the same bytes each time.

    Raises OutputError when the folder cannot be written to; the submission stands all the same.
    """
    receipt, place = receipt_of(contest or _opened(folder), event), folder / RECEIPTS
    as_json, as_text, as_pdf = (place / f"{receipt.stem}.{kind}" for kind in ("json", "txt", "pdf"))
    try:
        place.mkdir(exist_ok=True)
    except OSError as why:
        raise OutputError(f"{place}: cannot be written ({why.strerror or why})") from why
    write_bytes_atomic(as_json, event.line + b"\n")
    write_bytes_atomic(as_text, f"{receipt.text('zh')}\n{receipt.text('en')}".encode())
    write_bytes_atomic(as_pdf, receipt_pdf(receipt))
    return as_json, as_text, as_pdf


def write_missing(contest: Contest) -> int:
    """Write the receipts that are not there, after a crash or on a restored machine; returns how many."""
    events = [e for e in contest.events if e.kind == "submission"]
    missing = [e for e in events if not (contest.folder / RECEIPTS / f"{receipt_of(contest, e).stem}.pdf").is_file()]
    for event in missing:
        write_receipt(contest.folder, event, contest)
    return len(missing)


def _opened(folder: Path) -> Contest:
    from pipeline.contest.folder import Contest

    return Contest.open(folder)


def receipt_pdf(receipt: Receipt) -> bytes:
    """One page or two: facts in both languages, warnings, the QR code of the ledger's head."""
    from pipeline.contest.heads import head_qr_svg, head_text
    from pipeline.report.setting import set_pdf

    pictures = {"head.svg": head_qr_svg(head_text(receipt.event))}
    when = _EPOCH + timedelta(milliseconds=receipt.event.t_ms)
    return set_pdf(TEMPLATE, _sheet(receipt), when, pictures)[0]


def _sheet(receipt: Receipt) -> dict[str, Any]:
    from pipeline.report.sheet_text import plain_text

    zh, en = receipt.facts("zh"), receipt.facts("en")
    facts = [(w, e, *([v] if v == u else [v, u])) for (w, v), (e, u) in zip(zh, en, strict=True)]
    warned = [(*row, text) for row, (_, text) in zip(receipt.warnings("zh"), receipt.warnings("en"), strict=True)]
    return {
        "title": both("intake_receipt_title"),
        "facts": [[t if _HASH.fullmatch(t) else plain_text(t) for t in fact] for fact in facts],
        "warnings": [[plain_text(t) for t in row] for row in warned[:MOST_SHOWN]],
        "warnings_title": both("intake_receipt_warnings"),
        "more": len(warned) - MOST_SHOWN,
        "none": both("none"),
        "no_score": [word("intake_receipt_no_score", "zh"), word("intake_receipt_no_score", "en")],
        "signed": [both("intake_receipt_desk"), both("intake_receipt_team")],
        "scan": both("intake_receipt_scan"),
    }


def _row_text(warning: Mapping[str, Any], lang: Lang) -> str:
    row = warning.get("row")
    return word("intake_receipt_whole", lang) if row is None else word("intake_receipt_row", lang).format(row=row)


def moment_text(t_ms: int, zone: str) -> str:
    """A ledger's time to the millisecond in the contest's zone, UTC beside it."""
    utc = _EPOCH + timedelta(milliseconds=t_ms)
    there = utc.astimezone(ZoneInfo(zone))
    offset = f"{there:%z}"
    texts: Sequence[str] = [f"{t:%Y-%m-%d %H:%M:%S}.{t_ms % 1000:03d}" for t in (there, utc)]
    return f"{texts[0]} (UTC{offset[:3]}:{offset[3:]}) · {texts[1]} UTC"


def duration_text(length_ms: int) -> str:
    """Hours, minutes, seconds and milliseconds."""
    seconds, ms = divmod(length_ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"
