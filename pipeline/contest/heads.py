"""Heads of the ledger made public: a line, two lines to copy by hand, a QR code; and whether a ledger still has them.

Who knows the head of an event knows every line up to it: nothing before can be changed without the head changing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.contest.ledger import Event, desk_keys, read_line
from pipeline.errors import ContestError, OutputError
from pipeline.files import write_bytes_atomic
from pipeline.words.contest import WORDS

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer

HEADS = "heads"
_HEAD = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})\s+([0-9]{1,9})\s+([0-9a-f\s]{64,200})")


def head_text(event: Event) -> str:
    """ "CONTESTID SEQ HEAD": what is published, and what `read_head` reads."""
    return f"{event.contest} {event.seq} {event.head}"


def read_head(text: str) -> tuple[str, int, str]:
    """(contest id, seq, head) of a published head; blanks within the head, as copied by hand, are taken out.

    Raises ContestError when it is none.
    """
    found = _HEAD.fullmatch(text.strip()) if len(text) < 400 else None
    head = "".join(found[3].split()) if found else ""
    if found is None or len(head) != 64:
        raise ContestError("a head is written as: the contest's id, the event's number, 64 hex digits")
    return found[1], int(found[2]), head


def head_qr_svg(text: str) -> bytes:
    """A head's QR code as an SVG picture; the same bytes everywhere."""
    import segno

    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=6, xmldecl=False, dark="#000", light="#fff")
    return out.getvalue()


def write_head(folder: Path, event: Event, at: str) -> Path:
    """Write heads/SEQ-AT.txt and .svg into a contest folder; returns the text's path.

    at: why it is published ("close-river-A"); what does not suit a file's name becomes a hyphen.
    """
    place = folder / HEADS / f"{event.seq:05d}-{re.sub(r'[^0-9A-Za-z_一-鿿]+', '-', at).strip('-')[:60]}.txt"
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as why:
        raise OutputError(f"{place.parent}: cannot be written ({why.strerror or why})") from why
    write_bytes_atomic(place.with_suffix(".svg"), head_qr_svg(head_text(event)))
    write_bytes_atomic(place, _page(event, at).encode())
    return place


def publish_head(contest: Contest, at: str, desk: Signer, now_ms: int) -> tuple[Event, Path]:
    """Write the event `head`, whose own head is published then; returns it and the text's path.

    Raises ContestError when nothing is said in `at`, OutputError as `write_head`; the event stands all the same.
    """
    if not at.strip():
        raise ContestError("say where or why the head is published")
    event = contest.append("head", {"at": at.strip()}, desk, now_ms)
    return event, write_head(contest.folder, event, at.strip())


def check_head(events: Sequence[Event], text: str) -> None:
    """Raises ContestError unless the ledger still has this published head, saying which line to doubt."""
    contest, seq, head = read_head(text)
    event = _at(events, contest, seq, "this head")
    if event.head != head:
        raise ContestError(
            f"line {seq + 1}: this is not the event {seq} whose head was published ({head[:16]}…); "
            "it, or a line before it, was changed, deleted or inserted since"
        )


def check_line(events: Sequence[Event], line: bytes, name: str) -> None:
    """Raises ContestError unless a receipt's line is in the ledger, byte for byte.

    line: one whole line of a ledger, with or without its newline; name: what the sentence calls it.
    """
    given = read_line(line.rstrip(b"\r\n"), name)
    if given.key not in {key for event in events for key in desk_keys(event)}:
        raise ContestError(f"{name}: not signed with the key of a desk of this contest ({given.key[:16]})")
    if _at(events, given.contest, given.seq, name).line != given.line:
        raise ContestError(f"line {given.seq + 1}: it is not the line that {name} shows; one of the two was changed")


def _at(events: Sequence[Event], contest: str, seq: int, name: str) -> Event:
    if not events or events[0].contest != contest:
        raise ContestError(f"{name} belongs to another contest ({contest})")
    if seq >= len(events):
        raise ContestError(
            f"line {len(events)}: the ledger ends here, with event {len(events) - 1}, "
            f"but {name} shows event {seq}; lines were cut off"
        )
    return events[seq]


def _page(event: Event, at: str) -> str:
    groups = " ".join(event.head[i : i + 4] for i in range(0, 64, 4))
    when = datetime.fromtimestamp(event.t_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    rows = (("head_at", "".join(c for c in at if c.isprintable())), ("head_time", when), ("head_event", event.kind))
    facts = [f"{WORDS[key][0]} {WORDS[key][1]}: {value}" for key, value in rows]
    return "\n".join([f"{event.contest} {event.seq}", groups, "", *facts, "", *WORDS["head_why"], ""])
