"""Panels: each judge's sheet goes in blind, and all are opened together.

A sheet is a salted commitment in the ledger and a box that only its judge's key opens, so that neither the desk nor
the other judges see a mark before the last sheet is in, and no judge can change one after.

    commitment = SHA-256 of canonical JSON of {"contest", "entrant", "judge", "leg", "salt", "values", "version": 1}
    box        = ChaCha20-Poly1305 of JSON of {"salt", "values"}, padded with blanks, under SHA-256 of the judge's
                 Ed25519 signature (deterministic, never published) over canonical JSON of {"commitment",
                 "panel-box": 1}
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.keys import open_bytes, seal_bytes
from pipeline.contest.plan import WHOLE_U, Leg
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json, digest

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.contest.records import PanelEntry

Values = Mapping[str, Sequence[int]]  # judge's key -> marks in the order of the leg's items


def enter_sheet(
    contest: Contest, leg: str, entrant: str, judge: Signer, values: Sequence[int], desk: Signer, now_ms: int
) -> Event:
    """Put in a judge's sheet, closed: whole marks in the order of the leg's items.

    Raises:
        ContestError: a mark too few, too many or above its item's maximum; not a judge; this sheet is in already.
    """
    planned = contest.state.plan.leg(leg)
    if planned.kind != "panel":
        raise ContestError(f"leg {leg} is of the kind {planned.kind}, not panel")
    check_values(planned, values, f"leg {leg}: {entrant}")
    salt = secrets.token_hex(32)
    promise = commitment(contest.state.id, leg, entrant, judge.public, salt, values)
    inside = _padded(planned, salt, values)
    box = contest.store(seal_bytes(inside, _box_key(judge, promise), promise.encode()))
    body = {"box": box, "commitment": promise, "entrant": entrant, "judge": judge.public, "leg": leg}
    return contest.append("panel-entry", approved([judge], contest.state.id, "panel-entry", body), desk, now_ms)


def void_sheet(
    contest: Contest, leg: str, entrant: str, judge: str, why: str, signers: Sequence[Signer], desk: Signer, now_ms: int
) -> Event:
    """Take out a sheet that is still closed (mistyped, or its judge's key is lost), so that it can be entered again."""
    body = {"entrant": entrant, "judge": judge, "leg": leg, "why": plain_text(why, "why")}
    return contest.append("panel-void", approved(signers, contest.state.id, "panel-void", body), desk, now_ms)


def open_panel(contest: Contest, leg: str, judges: Sequence[Signer], desk: Signer, now_ms: int) -> Event:
    """Open all sheets of a leg together, once every entrant who has one has all; `judges`: everybody who put one in.

    Raises:
        ContestError: a sheet is missing, or a judge's key.
    """
    panel = contest.state.panels.get(leg)
    if panel is None or not panel.entries:
        raise ContestError(f"leg {leg}: no sheet was entered")
    keys = {judge.public: judge for judge in judges}
    sheets = [_opened(contest, entry, keys) for _, entry in sorted(panel.entries.items())]
    found = canonical_json({"contest": contest.state.id, "leg": leg, "sheets": sheets})
    return contest.append("panel", {"leg": leg, "object": contest.store(found)}, desk, now_ms)


def _opened(contest: Contest, entry: PanelEntry, keys: Mapping[str, Signer]) -> dict[str, Any]:
    if entry.judge not in keys:
        name = contest.state.officials[entry.judge].name
        raise ContestError(f"leg {entry.leg}: the key of {name} is needed to open the sheets")
    inside = open_bytes(contest.load(entry.box), _box_key(keys[entry.judge], entry.commitment),
                        entry.commitment.encode())  # fmt: skip
    if inside is None:
        raise ContestError(f"leg {entry.leg}: the box with a sheet for {entry.entrant} is damaged")
    return {"entrant": entry.entrant, "judge": entry.judge, **json.loads(inside)}


def _padded(leg: Leg, salt: str, values: Sequence[int]) -> bytes:
    """What is in a box, with blanks behind it: boxes of one leg are equally long, so that none hints at its marks."""
    longest = canonical_json({"salt": salt, "values": [item.max for item in leg.items]})
    return canonical_json({"salt": salt, "values": list(values)}).ljust(len(longest))


def _box_key(judge: Signer, promise: str) -> bytes:
    said = canonical_json({"commitment": promise, "panel-box": 1})
    return hashlib.sha256(bytes.fromhex(judge.sign(said))).digest()


def commitment(contest_id: str, leg: str, entrant: str, judge: str, salt: str, values: Sequence[int]) -> str:
    """What the ledger holds of a closed sheet, 64 hex."""
    return digest({"contest": contest_id, "entrant": entrant, "judge": judge, "leg": leg, "salt": salt,
                   "values": list(values), "version": 1})  # fmt: skip


def check_values(leg: Leg, values: Any, where: str) -> None:
    """Raises ContestError unless there is one whole mark from 0 to the maximum for each item."""
    if not isinstance(values, (list, tuple)) or len(values) != len(leg.items):
        raise ContestError(f"{where}: one mark for each of {len(leg.items)} items is needed")
    for item, value in zip(leg.items, values, strict=True):
        if type(value) is not int or not 0 <= value <= item.max:
            raise ContestError(f"{where}: {item.id} must be a whole number from 0 to {item.max}")


def sheets_of(
    data: bytes, contest_id: str, leg: Leg, entries: Mapping[tuple[str, str], PanelEntry]
) -> dict[str, dict[str, tuple[int, ...]]]:
    """{entrant: {judge's key: marks}} of an opened panel, each sheet held against its commitment."""
    try:
        content = json.loads(data)
        sheets = {(s["entrant"], s["judge"]): (s["salt"], s["values"]) for s in content["sheets"]}
        same = (content["contest"], content["leg"], len(content["sheets"])) == (contest_id, leg.id, len(sheets))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ContestError(f"leg {leg.id}: the opened sheets are malformed") from None
    if not same or sheets.keys() != entries.keys():
        raise ContestError(f"leg {leg.id}: the opened sheets are not those that were entered")
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for (entrant, judge), (salt, values) in sorted(sheets.items()):
        check_values(leg, values, f"leg {leg.id}: {entrant}")
        if commitment(contest_id, leg.id, entrant, judge, salt, values) != entries[entrant, judge].commitment:
            raise ContestError(f"leg {leg.id}: a sheet for {entrant} is not the one that was entered")
        found.setdefault(entrant, {})[judge] = tuple(values)
    return found


def panel_points(values: Values, leg: Leg) -> tuple[int, tuple[str, ...]]:
    """(micro-points of 100,000,000, keys of judges whose total is an outlier), in exact integers.

    ⌊100,000,000 · sum of the totals that count / (their number · maximum)⌋, floored once. "trimmed" drops one highest
    and one lowest total. An outlier lies farther than `outlier_ppm` of the maximum from the median of all totals; it is
    shown to the judges, and counts.
    """
    totals = {judge: sum(marks) for judge, marks in values.items()}
    ranked, most = sorted(totals.values()), sum(item.max for item in leg.items)
    counted = ranked[1:-1] if leg.combine == "trimmed" else ranked
    return WHOLE_U * sum(counted) // (len(counted) * most), _outliers(totals, ranked, most, leg.outlier_ppm)


def _outliers(totals: Mapping[str, int], ranked: Sequence[int], most: int, limit_ppm: int) -> tuple[str, ...]:
    twice_median = ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]
    far = (j for j, total in totals.items() if abs(2 * total - twice_median) * 1_000_000 > 2 * most * limit_ppm)
    return tuple(sorted(far)) if limit_ppm else ()
