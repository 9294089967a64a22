"""First results: the same bytes everywhere, nothing before the last field is closed and revealed, who gets what."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.contest.folder import Contest
from pipeline.contest.intake.canonical import canonical_hits
from pipeline.contest.intake.cards import take_card
from pipeline.contest.intake.formats import parse
from pipeline.contest.intake.submit import submit
from pipeline.contest.judging.cases import cases_of
from pipeline.contest.judging.certainty import resampled_points
from pipeline.contest.judging.changes import Changes
from pipeline.contest.judging.judged import _sureness, judge_all, judge_first, results_bytes
from pipeline.contest.judging.survey_errors import shifts_um
from pipeline.contest.keys import Signer
from pipeline.contest.manual import manual_event, overrule
from pipeline.contest.marks import enter_marks
from pipeline.contest.panels import enter_sheet, open_panel
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json
from tests.contest.judging.flying import (
    FLOWN,
    Truths,
    bring_to_close,
    founded,
    hit_list,
    marks_file,
    targets,
    write_plan,
)
from tests.contest.making import PASSPHRASE, Officials, Ticks


def results(contest: Contest) -> dict[str, Any]:
    return judge_all(contest.state, contest.load)


def test_first_results_stand_and_are_kept_twice(flown: Contest, desk, now_ms) -> None:
    event = judge_first(flown, desk, now_ms())
    kept = flown.load(event.body["object"])
    assert (
        kept == canonical_json({**results(flown), "set": 1}) == (flown.folder / "results" / "set-1.json").read_bytes()
    )
    applied = flown.state.applied
    assert applied is not None and applied.number == 1
    with pytest.raises(ContestError, match="a change is a rejudge"):
        judge_first(flown, desk, now_ms())


def test_what_the_numbers_are(flown: Contest) -> None:
    """By hand: T01 1 m off finds all; 100·(w·1 + …)/Σw; T02 6 m off: location 300·(30 − 5.997)/28 of a thousand."""
    found = results(flown)
    drone = found["legs"]["drone"]["entrants"]
    assert drone["T01"]["points_u"] == 100_000_000
    location = [w * 300_000 * (30_000 - 5_997) // 28_000 for w in (1, 2) * 5]
    sums = sum(w * 700_000 + part for w, part in zip((1, 2) * 5, location, strict=True)) - (2 * 700_000 + location[1])
    assert drone["T02"]["points_u"] == (100 * (sums - 250_000 * 15 // 10)) // 15
    theory = {p: 1_000_000 * (60 + 5 * n) for n, p in enumerate(sorted(flown.state.persons))}
    assert {p: e["points_u"] for p, e in found["legs"]["theory"]["entrants"].items()} == theory
    papers = found["legs"]["papers"]["entrants"]["T01"]
    assert papers["points_u"] == 1_000_000 * (43 + 31)  # of 71, 74, 77 the middle one
    assert [s["values"] for s in sorted(papers["panel"]["sheets"], key=lambda s: s["values"])] == [
        [40, 31], [43, 31], [46, 31]]  # fmt: skip
    team = next(t for t in found["teams"] if t["entrant"] == "T01")
    assert team["legs"] == {"drone": 100_000_000, "theory": 62_500_000, "papers": 74_000_000}
    assert team["total_u"] == (50 * 100_000_000 + 30 * 62_500_000 + 20 * 74_000_000) // 100
    person = next(p for p in found["persons"] if p["entrant"] == "P012")
    assert person["total_u"] == (50 * 100_000_000 + 30 * 65_000_000) // 80
    assert person["legs"] == {"drone": 100_000_000, "theory": 65_000_000}


def test_places_and_how_sure_they_are(flown: Contest) -> None:
    found = results(flown)
    assert [t["place"] for t in found["teams"]] == [1, 2, 3]
    first = found["teams"][0]
    assert (first["entrant"], first["place_low"], first["place_high"], first["place_held_ppm"]) == ("T01", 1, 1, 10**6)
    assert first["total_low_u"] <= first["total_u"] <= first["total_high_u"]
    certainty = found["certainty"]
    assert (certainty["method"], certainty["resamples"]) == ("survey-errors-1", 1000)
    assert certainty["moved"] + certainty["held"] == 10 * len({flown.state.assignment["drone", t] for t in FLOWN})


def test_without_survey_errors_nothing_is_said_about_certainty(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.contest.judging.flying.targets", lambda field: targets(field, r90_m=None))
    bring_to_close(contest, truths, officials, desk, now_ms, tmp_path)
    found = results(contest)
    assert found["certainty"]["resamples"] == found["certainty"]["moved"] == 0
    assert found["teams"][0]["place_low"] is None and found["teams"][0]["place_held_ppm"] is None


def test_equal_teams_share_a_place(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = dict.fromkeys(("T01", "T02", "T03"), (1.0, 10, 0))
    bring_to_close(contest, truths, officials, desk, now_ms, tmp_path, same)
    legs = results(contest)["legs"]["drone"]["entrants"]
    assert [legs[t]["place"] for t in same] == [1, 1, 1]
    assert [t["shared"] for t in results(contest)["teams"]] == [False] * 3  # theory decides


def test_who_sent_nothing_has_none_and_stands_last(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path
) -> None:
    bring_to_close(contest, truths, officials, desk, now_ms, tmp_path, {"T02": (6.0, 0, 1)})
    legs = results(contest)["legs"]["drone"]["entrants"]
    assert (legs["T02"]["points_u"], legs["T02"]["place"]) == (0, 1)
    assert (legs["T01"]["points_u"], legs["T01"]["score"], legs["T01"]["place"]) == (None, None, None)
    teams = {t["entrant"]: (t["legs"]["drone"], t["place"]) for t in results(contest)["teams"]}
    assert teams == {"T03": (None, 1), "T02": (0, 2), "T01": (None, 3)}, "the other legs decide"


def test_no_score_before_every_field_is_closed_and_revealed(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path
) -> None:
    told: list[str] = []
    original = type(contest).append

    def after_each(self: Contest, kind: str, *args: Any) -> Any:
        event = original(self, kind, *args)
        try:
            judge_all(self.state, self.load)
        except ContestError as why:
            told.append(f"{kind}: {why}")
        else:
            told.append(f"{kind}: judged")
        return event

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(contest), "append", after_each)
        bring_to_close(contest, truths, officials, desk, now_ms, tmp_path)
    assert [t for t in told if t.endswith("judged")] == ["panel: judged"], "only the last missing thing completes it"
    assert all("34." not in t and "113." not in t for t in told), "no sentence holds a coordinate"
    assert sum("is not closed" in t or "is not revealed" in t for t in told) >= 8


def test_a_leg_that_nobody_has_flown_is_no_leg_of_noughts(contest: Contest, officials, desk, now_ms, tmp_path) -> None:
    enter_marks(contest, "theory", marks_file(tmp_path, contest), desk, now_ms())
    for judge in officials.judges[:3]:
        enter_sheet(contest, "papers", "T01", judge, [40, 30], desk, now_ms())
    open_panel(contest, "papers", officials.judges[:3], desk, now_ms())
    with pytest.raises(ContestError, match="leg drone: nobody has flown: its lots are not drawn"):
        judge_first(contest, desk, now_ms())


def test_manual_events_are_added_and_clipped(flown: Contest, officials, desk, now_ms) -> None:
    before = results(flown)["legs"]["drone"]["entrants"]
    for _ in range(3):
        manual_event(flown, "drone", "T01", "report", "汇报突出", officials.two, desk, now_ms())
    manual_event(flown, "drone", "T02", "crash", "坠毁", officials.two, desk, now_ms())
    after = results(flown)["legs"]["drone"]["entrants"]
    assert after["T01"]["points_u"] == after["T01"]["before_manual_u"] == 100_000_000
    assert after["T02"]["points_u"] == before["T02"]["points_u"] - 20_000_000
    assert [m["rule"] for m in after["T01"]["manual"]] == ["report"] * 3
    assert after["T02"]["points_high_u"] == before["T02"]["points_high_u"] - 20_000_000


def test_the_last_submission_counts(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(made: Contest, leg: str, entrant: str, path: Path, *rest: Any) -> Any:
        worse = tmp_path / "worse.geojson"
        worse.write_bytes(hit_list(made.state.assignment[leg, entrant], 20.0, 3))
        submit(made, leg, entrant, worse, *rest)
        return submit(made, leg, entrant, path, *rest)

    monkeypatch.setattr("tests.contest.judging.flying.submit", twice)
    bring_to_close(contest, truths, officials, desk, now_ms, tmp_path)
    one = results(contest)["legs"]["drone"]["entrants"]["T01"]
    assert (one["submission"], one["points_u"]) == (2, 100_000_000)


def test_marks_and_panels_must_be_in(contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.contest.judging.flying.enter_marks", lambda *_: None)
        patch.setattr("tests.contest.judging.flying.open_panel", lambda *_: None)
        patch.setattr("tests.contest.judging.flying.enter_sheet", lambda *_: None)
        bring_to_close(contest, truths, officials, desk, now_ms, tmp_path)
    with pytest.raises(ContestError, match="theory: its marks are not in"):
        results(contest)
    enter_marks(contest, "theory", marks_file(tmp_path, contest), desk, now_ms())
    with pytest.raises(ContestError, match="papers: the panel's sheets are not open"):
        results(contest)
    for judge in officials.judges[:3]:
        enter_sheet(contest, "papers", "T01", judge, [1, 2], desk, now_ms())
    open_panel(contest, "papers", officials.judges[:3], desk, now_ms())
    assert results(contest)["legs"]["papers"]["entrants"]["T02"]["points_u"] is None


def test_only_integers_texts_booleans_and_none(flown: Contest, schema, desk, now_ms) -> None:
    found = results(flown)
    assert json.loads(canonical_json(found)) == found
    schema("contest-results").validate(found)


SCRIPT = """
import sys, hashlib
from pathlib import Path
from pipeline.contest.folder import Contest
from pipeline.contest.judging.judged import results_bytes
from pipeline.contest.judging.changes import Changes
contest = Contest.open(Path(sys.argv[1]))
print(hashlib.sha256(results_bytes(contest.state, contest.load, Changes(), 1)).hexdigest())
"""


def _vector_units() -> str:
    """The units that NumPy may use here beyond what it needs, to be switched off as on an older machine."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


@pytest.mark.parametrize("env", [
    {"LANG": "C", "LC_ALL": "C", "TZ": "America/New_York", "PYTHONHASHSEED": "1", "OPENBLAS_NUM_THREADS": "1"},
    {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4242",
     "OPENBLAS_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "Nehalem"},
    {"PYTHONHASHSEED": "7", "NPY_DISABLE_CPU_FEATURES": "old machine"},
], ids=["C", "zh", "old machine"])  # fmt: skip
def test_the_same_bytes_in_another_process_locale_zone_and_on_another_machine(flown: Contest, env: dict) -> None:
    here = hashlib.sha256(results_bytes(flown.state, flown.load, Changes(), 1)).hexdigest()
    if "NPY_DISABLE_CPU_FEATURES" in env:
        env = {**env, "NPY_DISABLE_CPU_FEATURES": _vector_units()}
    found = subprocess.run([sys.executable, "-c", SCRIPT, str(flown.folder)], env={**os.environ, **env},
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert found.stdout.strip() == here, found.stderr


def test_the_order_of_a_file_changes_nothing_but_its_own_hash(
    contest: Contest, truths: Truths, officials, desk, now_ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(hit_list("A", 6.0, 9, 1))
    rng = np.random.default_rng(5)
    seen = set()
    for n in range(3):
        shuffled = {**whole, "features": [whole["features"][i] for i in rng.permutation(10)]}
        hits = parse(json.dumps(shuffled).encode(), f"{n}.geojson", contest.state.plan.limits).hits()
        seen.add(canonical_hits(hits))
    assert len(seen) == 1


EVIDENCE = 'schema_version = 1\nname = "proof"\nnotice = ""\nevidence = true\n[source]\nevidence = "t"\n'
PHOTO = b"an original"


@pytest.fixture
def proven(tmp_path: Path, truths: Truths, officials: Officials, now_ms: Ticks, monkeypatch) -> Iterator[Contest]:
    """Evidence is on; T01 and T02 name the same original for every hit, and only T01 handed a card over."""
    card = tmp_path / "card"
    card.mkdir()
    (card / "DJI_0001.JPG").write_bytes(PHOTO)
    proof = [{"sha256": hashlib.sha256(PHOTO).hexdigest(), "point_px": [5, 5], "crop_px": [0, 0, 9, 9]}]

    def with_card(made: Contest, leg: str, entrant: str, path: Path, desk: Signer, at_ms: int) -> None:
        whole = json.loads(path.read_bytes())
        for feature in whole["features"]:
            feature["properties"]["evidence"] = proof
        path.write_text(json.dumps(whole), "utf-8")
        if entrant == "T01":
            take_card(made, leg, entrant, card, desk, at_ms)
        submit(made, leg, entrant, path, desk, at_ms)

    monkeypatch.setattr("tests.contest.judging.flying.submit", with_card)
    with founded(tmp_path / "proven", write_plan(tmp_path / "proof", EVIDENCE), officials, now_ms) as contest:
        bring_to_close(contest, truths, officials, contest.desk(PASSPHRASE), now_ms, tmp_path,
                       dict.fromkeys(("T01", "T02"), (1.0, 10, 0)))  # fmt: skip
        yield contest


def test_evidence_is_compared_with_the_card_and_two_judges_may_overrule(proven: Contest, officials, now_ms) -> None:
    desk = proven.desk(PASSPHRASE)

    def points() -> list[int]:
        entrants = results(proven)["legs"]["drone"]["entrants"]
        return [entrants[t]["points_u"] for t in ("T01", "T02")]

    assert points() == [100_000_000, 0], "the same original, but nobody saw it on T02's card"
    overrule(proven, "drone", "T02", "h1", True, "看过原片", officials.two, desk, now_ms())
    assert points() == [100_000_000, 100_000_000 * 2 // 15], "one target of weight 2, whole"
    overrule(proven, "drone", "T01", "h1", False, "照片不是该目标", officials.two, desk, now_ms())
    assert points()[0] == 100_000_000 * 148 // 150, "its evidence points only: the original is the team's own"
    overrule(proven, "drone", "T01", "h1", True, "复核后认可", officials.two, desk, now_ms())
    assert points()[0] == 100_000_000, "the last word counts"
    found = results(proven)["legs"]["drone"]["entrants"]["T01"]["overrules"]
    assert [o["evidence"] for o in found] == [False, True] and found[0]["by"] == ["裁判乙", "裁判甲"]


def test_intervals_are_of_the_resamples_alone(flown: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a single resample every interval is that one, not the verdict; it is the one that anybody can draw."""
    monkeypatch.setattr("pipeline.contest.judging.judged.RESAMPLES", 1)
    found = results(flown)
    case = cases_of(flown.state, flown.load, "drone", Changes())["T02"]
    drawn = resampled_points(case, shifts_um(case.targets, 1, found["certainty"]["seed"])).tolist()
    one = found["legs"]["drone"]["entrants"]["T02"]
    assert [one["points_low_u"], one["points_high_u"]] == drawn * 2 and drawn != [one["points_u"]]
    team = next(t for t in found["teams"] if t["entrant"] == "T02")
    lost = one["points_u"] - drawn[0]
    assert abs(team["total_u"] - team["total_low_u"] - lost // 2) <= 1, "the leg weighs half"


def test_the_sampled_places_are_those_of_the_sampled_totals() -> None:
    columns = {"a": np.array([9, 1, 9]), "b": np.array([5, 5, 5]), "c": np.array([7]), "d": None}
    sampled = _sureness(columns, 2)
    assert {e: p.tolist() for e, p in sampled.items()} == {"a": [3, 1], "b": [2, 3], "c": [1, 2]}
