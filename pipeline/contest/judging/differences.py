"""What two sets of results differ in: totals, places, points of legs, and the pairs behind them. Only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.types import points_text
from pipeline.words.contest import WORDS

Plain = Mapping[str, Any]


def difference(old: Plain, new: Plain, why: str) -> dict[str, Any]:
    """The diff object: {"from_set", "to_set", "why", "changes", "teams", "persons", "legs"}; pairs of values are
    [before, after]."""
    legs = {leg: _leg(old["legs"][leg], new["legs"][leg]) for leg in new["legs"]}
    return {
        "schema_version": 1,
        "contest": new["contest"],
        "from_set": old["set"],
        "to_set": new["set"],
        "why": why,
        "changes": [old["changes"], new["changes"]],
        "teams": _rows(old["teams"], new["teams"]),
        "persons": _rows(old["persons"], new["persons"]),
        "legs": {leg: found for leg, found in legs.items() if found},
    }


def _both(old: Plain, new: Plain, names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}


def _rows(old: Sequence[Plain], new: Sequence[Plain]) -> list[dict[str, Any]]:
    before = {row["entrant"]: row for row in old}
    found = [(row, _both(before.get(row["entrant"], {}), row, ("total_u", "place", "shared"))) for row in new]
    return [{"entrant": row["entrant"], "name": row["name"], **changed} for row, changed in found if changed]


def _leg(old: Plain, new: Plain) -> dict[str, Any]:
    found = {e: _entrant(old["entrants"].get(e, {}), one) for e, one in new["entrants"].items()}
    return {e: changed for e, changed in found.items() if changed}


def _entrant(old: Plain, new: Plain) -> dict[str, Any]:
    changed: dict[str, Any] = _both(old, new, ("points_u", "before_manual_u", "place", "manual", "overrules"))
    before, after = old.get("score") or {}, new.get("score") or {}
    pairs = _pairs(before.get("pairs", ()), after.get("pairs", ()))
    lists = {name: _lists(before.get(name, ()), after.get(name, ())) for name in ("missed", "extra", "ignored")}
    return {**changed, **({"pairs": pairs} if pairs else {}), **{k: v for k, v in lists.items() if v}}


def _pairs(old: Sequence[Plain], new: Sequence[Plain]) -> list[dict[str, Any]]:
    """By target: the hit that took it and what the pair was worth, before and after; None where it was not taken."""
    before, after = ({p["target"]: p for p in pairs} for pairs in (old, new))
    found = [(t, _both(before.get(t, {}), after.get(t, {}), ("hit", "points_u", "distance_mm")))
             for t in sorted(before.keys() | after.keys())]  # fmt: skip
    return [{"target": t, **changed} for t, changed in found if changed]


def _lists(old: Sequence[str], new: Sequence[str]) -> dict[str, list[str]]:
    gone, come = sorted(set(old) - set(new)), sorted(set(new) - set(old))
    return {"gone": gone, "come": come} if gone or come else {}


def sentences(diff: Plain) -> list[str]:
    """One line a team, person, entrant of a leg, and pair that changes; one line where nothing does."""
    lines = [_row(kind, row) for kind in ("teams", "persons") for row in diff[kind]]
    for leg, entrants in diff["legs"].items():
        for entrant, changed in entrants.items():
            lines += _leg_lines(leg, entrant, changed)
    return lines or [_word("none")]


def _word(name: str) -> str:
    return " ".join(WORDS[f"judging_change_{name}"])


def _row(kind: str, row: Plain) -> str:
    parts = [_change("total", row, "total_u", _points), _change("place", row, "place", _place)]
    return f"{_word(kind)} {row['entrant']} {row['name']}: {'; '.join(p for p in parts if p) or _word('shared')}"


def _leg_lines(leg: str, entrant: str, changed: Plain) -> list[str]:
    first = _change("points", changed, "points_u", _points)
    lines = [f"{leg} {entrant}: {first}"] if first else []
    for pair in changed.get("pairs", ()):
        hit = _change("hit", pair, "hit", lambda *both: [h or "none" for h in both])
        worth = _change("pair", pair, "points_u", lambda *both: _points(*(p or 0 for p in both)))
        lines.append(f"{leg} {entrant} {pair['target']}: {'; '.join(p for p in (hit, worth) if p)}")
    return lines


def _change(name: str, row: Plain, key: str, text: Any) -> str:
    if key not in row:
        return ""
    return f"{_word(name)} {' → '.join(text(*row[key]))}"


def _points(*both: int | None) -> list[str]:
    """Two decimals, or six where those would look alike."""
    shown = [points_text(p) for p in both]
    if len(set(shown)) == len(shown) or None in both:
        return shown
    return [f"{'-' if p < 0 else ''}{abs(p) // 1_000_000}.{abs(p) % 1_000_000:06d}" for p in both if p is not None]


def _place(*both: int | None) -> list[str]:
    return ["none" if place is None else str(place) for place in both]
