"""Who takes part and who signs: officials by their public keys, teams and persons from one CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.encodings import table_text
from pipeline.contest.keys import read_public
from pipeline.contest.plan import plan_bytes
from pipeline.contest.records import ROLES, Official, Person, Team
from pipeline.contest.tables import plain_text, safe_id
from pipeline.errors import ContestError

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event

COLUMNS = ("team", "team_name", "organisation", "person", "person_name")
MAX_ROWS = 10_000


def register_official(
    contest: Contest,
    key: str | Path,
    name: str,
    role: str,
    desk: Signer,
    now_ms: int,
    *,
    signers: Sequence[Signer] = (),
) -> Event:
    """Register the holder of a key file, or of a public key in hex. `signers`: two judges, once a draw was committed.

    Raises:
        ContestError: the name or the key is registered already, the key file's name differs, an unknown role.
    """
    public = _public(key, name)
    body: dict[str, Any] = {"key": public, "name": plain_text(name, "name"), "role": role}
    if role not in ROLES:
        raise ContestError(f"role must be one of {', '.join(ROLES)}")
    body = approved(signers, contest.state.id, "official", body) if signers else body
    return contest.append("official", body, desk, now_ms)


def _public(key: str | Path, name: str) -> str:
    text = str(key)
    if len(text) == 64 and all(c in "0123456789abcdef" for c in text):
        return text
    named, public = read_public(Path(key))
    if named != name:
        raise ContestError(f"{key}: is the key of {named}, not of {name}")
    return public


def register_entrants(
    contest: Contest, csv_path: str | Path, desk: Signer, now_ms: int, *, signers: Sequence[Signer] = ()
) -> Event:
    """Register all teams and persons from a CSV with the columns `COLUMNS`; a later list replaces the whole.

    A team without persons has one row with `person` and `person_name` empty. Once lots are drawn, a field is open or
    marks are in, two judges (`signers`) may still put names right; ids and who is in which team stay.

    Raises:
        ContestError: malformed, with the row; or it is too late for what the list changes.
    """
    data = plan_bytes(csv_path)
    teams, persons = entrants_of(data, str(csv_path))
    body: dict[str, Any] = {"object": contest.store(data), "persons": len(persons), "teams": len(teams)}
    body = approved(signers, contest.state.id, "entrants", body) if signers else body
    return contest.append("entrants", body, desk, now_ms)


def entrants_of(data: bytes, name: str) -> tuple[dict[str, Team], dict[str, Person]]:
    """Teams and persons, by id, from the bytes of the CSV; `name` stands for it in errors."""
    teams: dict[str, Team] = {}
    persons: dict[str, Person] = {}
    members: dict[str, list[str]] = {}
    for where, row in csv_rows(data, name, COLUMNS):
        team = _team(where, row)
        known = teams.setdefault(team.id, team)
        if known != team:
            raise ContestError(f"{where}: team {team.id} has another name or organisation in a row above")
        if row["person"] or row["person_name"]:
            person = _person(where, row, team.id)
            if persons.setdefault(person.id, person) is not person:
                raise ContestError(f"{where}: the id {person.id} is given twice")
            members.setdefault(team.id, []).append(person.id)
    _check_whole(teams, persons, name)
    return {i: replace(team, persons=tuple(members.get(i, ()))) for i, team in teams.items()}, persons


def _team(where: str, row: Mapping[str, str]) -> Team:
    return Team(
        id=safe_id(row["team"], f"{where}: team"),
        name=plain_text(row["team_name"], f"{where}: team_name"),
        organisation=plain_text(row["organisation"], f"{where}: organisation"),
        persons=(),
    )


def _person(where: str, row: Mapping[str, str], team: str) -> Person:
    return Person(
        id=safe_id(row["person"], f"{where}: person"),
        name=plain_text(row["person_name"], f"{where}: person_name"),
        team=team,
    )


def _check_whole(teams: Mapping[str, Team], persons: Mapping[str, Person], name: str) -> None:
    if not teams:
        raise ContestError(f"{name}: names no team")
    ids, called = [*teams, *persons], Counter(t.name for t in teams.values())
    if len({i.lower() for i in ids}) < len(ids):
        raise ContestError(f"{name}: an id is given twice (capital and small letters count as the same)")
    if len(called) < len(teams):
        raise ContestError(f"{name}: two teams are called {called.most_common(1)[0][0]}")


def csv_rows(data: bytes, name: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """('FILE: row 3', {column: cell}) of each row that is not empty; UTF-8 or GBK, exactly the columns, in any order.

    Raises:
        ContestError: no such text, not CSV, another header, a row of another length, more than 10,000 rows.
    """
    text = table_text(data)
    if text is None:
        raise ContestError(f"{name}: is neither UTF-8 nor GBK text (in a spreadsheet program: save as CSV)")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [h.strip() for h in next(lines, [])]
        if sorted(header) != sorted(columns):
            raise ContestError(f"{name}: row 1: the columns must be {', '.join(columns)}")
        yield from _rows(lines, header, name)
    except csv.Error:
        raise ContestError(f"{name}: row {lines.line_num}: is not CSV") from None


def _rows(lines: Any, header: Sequence[str], name: str) -> Iterator[tuple[str, dict[str, str]]]:
    for count, cells in enumerate(lines, 1):
        where = f"{name}: row {lines.line_num}"
        if count > MAX_ROWS:
            raise ContestError(f"{name}: more than {MAX_ROWS} rows")
        if any(c.strip() for c in cells):
            if len(cells) != len(header):
                raise ContestError(f"{where}: has {len(cells)} cells, not {len(header)}")
            yield where, dict(zip(header, (c.strip() for c in cells), strict=True))


def official_named(officials: Mapping[str, Official], name: str) -> Official | None:
    """The official of that name."""
    return next((o for o in officials.values() if o.name == name), None)
