"""What a team might try to learn the targets, or to win without them: the attacks of the scoring specification."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.intake.submit import submit
from pipeline.contest.judging.fields import close_field, open_field
from pipeline.contest.judging.judged import judge_first
from pipeline.contest.judging.rejudge import apply_set, propose
from pipeline.contest.keys import TEST_COST
from pipeline.contest.marks import enter_marks
from pipeline.contest.panels import enter_sheet, open_panel
from pipeline.contest.sheets.table_sheet import write_tables
from pipeline.contest.sheets.team_sheet import write_score_sheets
from pipeline.contest.truth.plain import plain_target
from pipeline.contest.truth.reveal import reveal, revealed_targets
from pipeline.contest.truth.seal import seal
from pipeline.contest.truth.sign import sign_truth
from pipeline.contest.truth.survey import import_targets
from pipeline.errors import ContestError
from pipeline.rehearse import evening, morning
from pipeline.rehearse.files import write_hits
from pipeline.rehearse.office import Office, passphrase
from pipeline.rehearse.plan import FLIGHT, HOLDERS, JUDGES, RECORDS, SURVEYORS, THEORY
from pipeline.rehearse.world import Planted, plant, system_of, write_surveys
from pipeline.score.canonical import canonical_json
from pipeline.score.hits import Row
from tests.contest.day.conftest import TEAMS, Day, copied
from tests.contest.day.scanning import files_under, found_in_files

HEX = re.compile(rb"[0-9a-f]{64,128}")
FAR_DEG = 0.004  # 400 m off


def sealed_with(office: Office, planted: Sequence[Planted], pad_to: int | None = 24) -> Office:
    """Field A sealed with these targets, B with its usual ones, lots drawn and both open."""
    survey = office.folder / "surveyors"
    for place, targets in (("A", planted), ("B", plant("B", 6, 0))):
        files = write_surveys(survey / "controller", place, targets, 0)
        import_targets(files, office.truth(place), system_of(place), salt=b"s" * 32)
        for name in SURVEYORS:
            sign_truth(office.truth(place), office.signer(name), office.read().state.id, FLIGHT, place)
        office.vault(place).parent.mkdir(exist_ok=True)
        office.act(seal, FLIGHT, place, office.truth(place), office.vault(place),
                   [(office.key(n), passphrase(n)) for n in HOLDERS], pad_to=pad_to, cost=TEST_COST)  # fmt: skip
    shutil.rmtree(survey)
    return office


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Officials, entrants and lots, but no seal yet. The order of the lots is always the same."""
    office = Office(tmp_path_factory.mktemp("probing") / "office", cost=TEST_COST)
    morning.set_up(office, 4, 3)
    morning.draw_lots(office)
    return office


def twins(unsealed: Office, tmp_path: Path, *targets: Sequence[Planted]) -> list[Office]:
    """The same contest with other targets: all that is public but the seals is equal, keys included."""
    made = []
    for n, planted in enumerate(targets):
        office = replace(unsealed, folder=tmp_path / f"twin {n}")
        shutil.copytree(unsealed.folder, office.folder)
        sealed_with(office, planted)
        for place in "AB":
            office.act(open_field, FLIGHT, place)
        made.append(office)
    return made


def team_on(office: Office, field: str) -> str:
    return next(team for (_, team), place in sorted(office.read().state.assignment.items()) if place == field)


def hits_at(path: Path, places: Sequence[tuple[float, float]], label: str = "dust/pile") -> Path:
    rows = [Row(f"H{n:03d}", label, round(lat, 8), round(lon, 8), 0.5, 2.0, None, None)
            for n, (lat, lon) in enumerate(places)]  # fmt: skip
    return write_hits(path, rows)


def answer(office: Office, team: str, path: Path) -> dict[str, Any]:
    """All that a team gets for a hit list: the receipt's line, its texts and papers, what the folder has grown by.

    What is chained to the seals (and so differs between any two contests) is taken out: previous head, signature.
    """
    before = {p: p.stat().st_size for p in files_under(office.contest)}
    receipt = office.act(submit, FLIGHT, team, path)
    line = json.loads(receipt.event.line)
    chained = (line.pop("prev"), line.pop("sig"), receipt.event.head)
    texts = [_without(receipt.text(lang), chained) for lang in ("zh", "en")]
    grown = sorted((p.suffix, p.stat().st_size - before.get(p, 0)) for p in files_under(office.contest))
    grown = [(suffix, more) for suffix, more in grown if more and suffix != ".pdf"]  # a QR code has its own size
    return {"line": line, "texts": texts, "grown": grown, "length": len(receipt.event.line)}


def _without(text: str, parts: Sequence[str]) -> str:
    for part in parts:
        text = text.replace(part, "…")
    return text


def test_an_answer_never_depends_on_the_targets(unsealed: Office, tmp_path: Path) -> None:
    """One-hit submissions on a target, 400 m off it, and everything between: the same answer whatever is sealed.

    This covers differential submissions too: an answer is a function of the public ledger and the file alone.
    """
    here = plant("A", 6, 0)
    there = [replace(t, north_m=t.north_m + 150.0, weight=4 - t.weight) for t in plant("A", 8, 5)]
    offices = twins(unsealed, tmp_path, here, there)
    team = team_on(offices[0], "A")
    target = here[0].at
    probes = [
        [(target.lat_deg, target.lon_deg)],
        [(target.lat_deg + FAR_DEG, target.lon_deg)],
        [(t.at.lat_deg, t.at.lon_deg) for t in here],
    ]
    for n, places in enumerate(probes):
        path = hits_at(tmp_path / f"probe{n}.csv", places)
        first, second = (
            answer(replace(office, t_ms=unsealed.t_ms + n * 10**6 + 10**9), team, path) for office in offices
        )
        assert first == second


def test_a_hit_on_a_target_and_one_off_it_look_alike(unsealed: Office, tmp_path: Path) -> None:
    """Two teams, one contest: the answers differ in names, hashes and signatures, and in nothing's length."""
    office = twins(unsealed, tmp_path, plant("A", 6, 0))[0]
    teams = [t for (_, t), f in sorted(office.read().state.assignment.items()) if f == "A"]
    target = plant("A", 6, 0)[0].at
    answers = [
        answer(office, team, hits_at(tmp_path / f"{team}.csv", [(target.lat_deg + off, target.lon_deg)]))
        for team, off in zip(teams, (0.0, FAR_DEG), strict=False)
    ]
    ours, other = (a["line"]["body"] for a in answers)
    hashes = ("object", "hits_digest", "canonical", "entrant")
    assert {k: v for k, v in ours.items() if k not in hashes} == {k: v for k, v in other.items() if k not in hashes}
    assert answers[0]["length"] == answers[1]["length"]
    assert answers[0]["grown"] == answers[1]["grown"]


def test_a_known_target_cannot_be_confirmed_without_its_salt(opened: Day) -> None:
    """A team that guesses places on a grid, the true one among them, finds no hash of them in anything public."""
    office, target = opened.office, opened.planted["A"][0]
    public = {m for p in files_under(office.contest) for m in HEX.findall(p.read_bytes())}
    assert len(public) > 60
    state = office.read().state
    for guess in _guesses(target):
        for data in _hashable(state.id, state.seals[FLIGHT, "A"], guess):
            assert hashlib.sha256(data).hexdigest().encode() not in public


def _guesses(target: Planted) -> Iterator[dict[str, Any]]:
    from pipeline.types import Target

    true = Target(target.id, target.label, target.at, target.weight)
    exact = plain_target(true)
    for north, east in itertools.product(range(-20, 21, 2), repeat=2):
        yield {**exact, "lat_e9": exact["lat_e9"] + north, "lon_e9": exact["lon_e9"] + east}


def _hashable(contest: str, seal: Any, target: dict[str, Any]) -> Iterator[bytes]:
    """What an unsalted or badly salted commitment would hash."""
    yield canonical_json(target)
    yield f"{target['lat_e9']},{target['lon_e9']}".encode()
    for salt in ("", "00" * 32, contest, seal.root, hashlib.sha256(contest.encode()).hexdigest()):
        yield canonical_json({"contest": contest, "field": "A", "format": "qianliyan-target-1", "leg": FLIGHT,
                              "rules_digest": "", "salt": salt, "target": target})  # fmt: skip


def test_two_seals_of_one_truth_share_nothing(unsealed: Office, tmp_path: Path) -> None:
    planted = plant("A", 6, 0)
    seals = [o.read().state.seals[FLIGHT, "A"] for o in twins(unsealed, tmp_path, planted, planted)]
    assert seals[0].root != seals[1].root
    assert seals[0].vault_sha256 != seals[1].vault_sha256


def test_a_padded_seal_hides_how_many_targets_there_are(unsealed: Office, tmp_path: Path) -> None:
    few, many = twins(unsealed, tmp_path, plant("A", 3, 0), plant("A", 20, 0))
    events = [next(e for e in o.read().events if e.kind == "seal" and e.body["field"] == "A") for o in (few, many)]
    lists = [
        json.loads(o.read().load(e.body["commitments"]))["commitments"]
        for o, e in zip((few, many), events, strict=True)
    ]
    assert [e.body["count"] for e in events] == [24, 24]
    assert len(events[0].line) == len(events[1].line)
    assert all(len(set(found)) == 24 and found == sorted(found) for found in lists)  # no decoy stands at the end


def test_nothing_public_tells_a_score_before_the_close(flown: Day, tmp_path: Path) -> None:
    """The freeze: no verb gives points, a place or a table while a field is open or unrevealed."""
    day = copied(flown, tmp_path / "office")
    office = day.office
    assert not office.read().state.sets
    assert not [p for p in ("results", "tables", "sheets") if list((office.contest / p).glob("*"))]
    for verb in (judge_first, lambda c, desk, now_ms: propose(c, "why", desk=desk, now_ms=now_ms, rules=None, void=[])):
        with pytest.raises(ContestError):
            office.act(verb)
    for write in (write_score_sheets, write_tables):
        with pytest.raises(ContestError):
            write(office.read(), 1, tmp_path / "out", "zh")
    two = {name: passphrase(name) for name in HOLDERS[:2]}
    with pytest.raises(ContestError, match="not closed"):
        office.act(reveal, FLIGHT, "A", office.vault("A"), two)
    with pytest.raises(ContestError, match="not revealed"):
        revealed_targets(office.read(), FLIGHT, "A")
    office.act(close_field, FLIGHT, "A")  # one of two fields: B's teams still work
    with pytest.raises(ContestError):
        office.act(judge_first)


def test_the_ledger_shows_nobody_elses_hits(flown: Day) -> None:
    """Heads, lines and receipts may be handed round; coordinates are in objects alone, which stay with the desk."""
    office = flown.office
    contest = office.read()
    hits = [json.loads(contest.load(s.canonical)) for s in contest.state.submissions]
    rows = [dict(zip(h["columns"], row, strict=True)) for h in hits for row in h["rows"]]
    public = [office.contest / "events.jsonl", *files_under(office.contest / "receipts", office.contest / "heads")]
    texts = b"\n".join(p.read_bytes() for p in public)
    for row in rows:
        for value in (row["lat_deg"], row["lon_deg"]):
            assert str(value).encode() not in texts
            assert f"{value / 1e9:.5f}".encode() not in texts


def test_a_receipt_is_of_its_own_team_alone(flown: Day) -> None:
    office = flown.office
    names = sorted(office.read().state.teams)
    for path in (office.contest / "receipts").glob("*.json"):
        text = path.read_text("utf-8")
        assert [t for t in names if f'"{t}"' in text] == [json.loads(text)["body"]["entrant"]]


def test_no_one_key_holder_and_no_two_alike_open_a_vault(flown: Day, tmp_path: Path) -> None:
    office = copied(flown, tmp_path / "office").office
    office.act(close_field, FLIGHT, "A")
    one = {HOLDERS[0]: passphrase(HOLDERS[0])}
    same = {HOLDERS[0]: passphrase(HOLDERS[0]), HOLDERS[1]: passphrase(HOLDERS[0])}
    stranger = {HOLDERS[0]: passphrase(HOLDERS[0]), JUDGES[0]: passphrase(JUDGES[0])}
    for given in (one, same, stranger):
        with pytest.raises(ContestError) as refused:
            office.act(reveal, FLIGHT, "A", office.vault("A"), given)
        assert not any(p in str(refused.value) for p in given.values())
    assert (FLIGHT, "A") not in office.read().state.revealed


def test_who_handed_in_nothing_is_last_not_first(opened: Day, at: Callable[[Day], Day], tmp_path: Path) -> None:
    """ "n/a" ranked first once, elsewhere."""
    office = at(opened).office
    team = team_on(office, "A")
    target = opened.planted["A"][0].at
    office.act(submit, FLIGHT, team, hits_at(tmp_path / "one.csv", [(target.lat_deg, target.lon_deg)]))
    _to_results(office)
    ranked = _results(office)["teams"]
    assert ranked[0]["entrant"] == team
    assert ranked[0]["place"] == 1
    assert all(row["place"] > 1 for row in ranked[1:])
    assert all((row["total_u"] or 0) < ranked[0]["total_u"] for row in ranked[1:])


def test_nobody_handed_in_anything(opened: Day, at: Callable[[Day], Day]) -> None:
    """A contest without a hit still has results, and nobody wins by division."""
    office = at(opened).office
    _to_results(office)
    ranked = _results(office)["teams"]
    assert len({row["total_u"] for row in ranked}) <= 2
    assert min(row["place"] for row in ranked) == 1


def _to_results(office: Office) -> None:
    """All equal but for the hit lists."""
    for field in "AB":
        office.act(close_field, FLIGHT, field)
    sheet = office.folder / "papers" / "theory.csv"
    rows = [f"{p},50" for p in office.read().state.entrants(THEORY)]
    sheet.write_text("\n".join(("entrant,points", *rows)), encoding="utf-8")
    office.act(enter_marks, THEORY, sheet)
    for team, name in itertools.product(office.read().state.entrants(RECORDS), JUDGES):
        office.act(enter_sheet, RECORDS, team, office.signer(name), [30, 30, 10])
    office.act(open_panel, RECORDS, office.signers(*JUDGES))
    evening.reveal_fields(office)
    office.act(judge_first)


def _results(office: Office) -> dict[str, Any]:
    contest = office.read()
    assert contest.state.applied is not None
    found: dict[str, Any] = json.loads(contest.load(contest.state.applied.object))
    return found


@pytest.fixture
def judged(flown: Day, at: Callable[[Day], Day]) -> Office:
    office = at(flown).office
    evening.close(office, TEAMS)
    evening.reveal_fields(office)
    evening.judge(office)
    return office


def test_a_rejudge_is_applied_whole_or_not_at_all(judged: Office) -> None:
    """Proposed is not applied: one signature, one judge twice, a stranger's, and an old approval change nothing."""
    before = _results(judged)
    office = judged
    number = office.act(propose, "target covered", rules=None, void=[(FLIGHT, "A", "A01")]).body["set"]
    assert _results(office) == before
    wrong = [
        office.signers(JUDGES[0]),
        office.signers(JUDGES[0], JUDGES[0]),
        office.signers(JUDGES[0], HOLDERS[0]),
        office.signers(JUDGES[0], SURVEYORS[0]),
        [],
    ]
    for signers in wrong:
        with pytest.raises(ContestError):
            office.act(apply_set, number, signers)
        assert _results(office) == before
    office.act(apply_set, number, office.two_judges())
    after = _results(office)
    assert (before["set"], after["set"]) == (1, 2)
    with pytest.raises(ContestError):
        office.act(apply_set, number, office.two_judges())


def test_a_proposed_set_whose_object_is_gone_cannot_be_applied(judged: Office) -> None:
    event = judged.act(propose, "target covered", rules=None, void=[(FLIGHT, "A", "A01")])
    path = judged.contest / "objects" / event.body["object"][:2] / event.body["object"]
    path.write_bytes(path.read_bytes().replace(b'"total_u":', b'"total_v":', 1))
    with pytest.raises(ContestError):
        judged.act(apply_set, event.body["set"], judged.two_judges())
    assert Contest.open(judged.contest).state.applied.number == 1


def test_old_results_are_kept(judged: Office) -> None:
    first = judged.read().state.sets[0].object
    number = judged.act(propose, "target covered", rules=None, void=[(FLIGHT, "A", "A01")]).body["set"]
    judged.act(apply_set, number, judged.two_judges())
    contest = judged.read()
    assert contest.state.sets[0].object == first
    assert json.loads(contest.load(first))["set"] == 1


def test_the_contest_folder_holds_no_target_before_the_reveal(flown: Day) -> None:
    """Hit lists lie near targets, so their objects are left out; every other byte is looked at."""
    office = flown.office
    contest = office.read()
    own = {s for sub in contest.state.submissions for s in (sub.object, sub.canonical)}
    own |= {e.body["object"] for e in contest.events if e.kind == "refused"}
    files = [p for p in files_under(office.contest, office.mirror) if p.name not in own]
    assert found_in_files(flown.canaries, files) == []
