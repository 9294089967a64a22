"""From the signed survey to the revealed targets, and everything that forbids a seal or a reveal."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.contest.folder import VERIFIER, Contest
from pipeline.contest.keys import TEST_COST, new_key
from pipeline.contest.store import object_path
from pipeline.contest.truth.commitments import merkle_root
from pipeline.contest.truth.folder import SHEET, SIGNED, SURVEY, read_truth
from pipeline.contest.truth.plain import plain_target
from pipeline.contest.truth.reveal import reveal, revealed_targets, targets_from, vault_files
from pipeline.contest.truth.seal import seal
from pipeline.contest.truth.sign import sign_truth
from pipeline.contest.truth.vault import open_vault
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json
from tests.contest.truth.truth_day import FIELD, HOLDERS, LEG, ROWS, Day, passphrase

TWO = {n: passphrase(n) for n in HOLDERS[:2]}
CLOSE = ROWS + ROWS.replace("T", "N").replace("3856789", "3856838").replace("3856989", "3857300")


def revealed(day: Day, **more: Any) -> bytes:
    """Seal, fly, reveal; the revealed object."""
    day.seal(day.survey(), **more)
    day.fly()
    event = reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)
    return day.contest.load(event.body["object"])


# --- the way through -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pad_to", [None, 2, 8])
def test_what_was_surveyed_is_what_is_revealed(day: Day, pad_to: int | None) -> None:
    truth = day.survey()
    event = day.seal(truth, pad_to=pad_to)
    assert event.body["count"] == (pad_to or 2) and event.body["holders"] == list(HOLDERS)
    day.fly()
    reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)
    assert revealed_targets(day.contest, LEG, FIELD) == read_truth(truth).targets
    told = subprocess.run(
        [sys.executable, str(day.contest.folder / VERIFIER), str(day.contest.folder)], capture_output=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_the_event_can_be_checked_by_hand(day: Day) -> None:
    event = day.seal(day.survey(), pad_to=5)
    listed = json.loads(day.contest.load(event.body["commitments"]))
    assert listed["commitments"] == sorted(set(listed["commitments"])) and len(listed["commitments"]) == 5
    assert merkle_root(listed["commitments"]) == event.body["root"]
    vault = (day.root / "A.vault").read_bytes()
    assert hashlib.sha256(vault).hexdigest() == event.body["vault_sha256"]


def test_decoys_are_revealed_as_what_they_are(day: Day) -> None:
    content = json.loads(revealed(day, pad_to=6))
    decoys = [e for e in content["targets"] if e["decoy"]]
    assert len(decoys) == 4 and all(list(e["target"]) == ["decoy"] for e in decoys)
    assert len({e["salt"] for e in content["targets"]}) == 6


def test_the_vault_keeps_the_survey_too(day: Day) -> None:
    truth = day.survey()
    day.seal(truth)
    kept = vault_files(day.root / "A.vault", TWO)
    assert kept == {name: (truth / name).read_bytes() for name in (SURVEY, SHEET, SIGNED)}


def test_two_fields_have_a_vault_each_and_no_other_opens_them(day: Day) -> None:
    day.seal(day.survey())
    day.seal(day.survey(name="B", field="B"), "B.vault", "B")
    day.fly()
    with pytest.raises(ContestError, match="is not the vault of field 'A'"):
        reveal(day.contest, LEG, FIELD, day.root / "B.vault", TWO, day.desk, 40_000)


# --- before anybody knows anything -----------------------------------------------------------------------------------


def secrets_of(day: Day, truth: Path) -> list[bytes]:
    """What must be nowhere: coordinates as anything may write them, salts, and the names of targets."""
    found = [b"3856789", b"512345", b"34.8394", b"114.1349", b"outfall/industrial", b'"T1"']
    for target in read_truth(truth).targets:
        plain = plain_target(target)
        found += [str(plain["lat_e9"]).encode(), str(plain["lon_e9"]).encode()]
    content = json.loads(open_vault(day.root / "A.vault", TWO))
    return [*found, *(e["salt"].encode() for e in content["entries"]), read_truth(truth).salt.hex().encode()]


def test_nothing_of_the_truth_is_in_the_contest_before_the_reveal(day: Day) -> None:
    truth = day.survey()
    day.seal(truth, pad_to=4)
    day.fly()
    with pytest.raises(ContestError):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", {**TWO, "丁": "a wrong one"}, day.desk, 40_000)
    files = [f for f in day.contest.folder.rglob("*") if f.is_file()]
    for secret in secrets_of(day, truth):
        assert not [f for f in [*files, day.root / "A.vault"] if secret in f.read_bytes()]


def test_taking_submissions_wakes_nothing_that_knows_targets() -> None:
    code = (
        "import sys, pkgutil, importlib, pipeline.contest.intake as i\n"
        "for m in pkgutil.iter_modules(i.__path__): importlib.import_module(i.__name__ + '.' + m.name)\n"
        "print([m for m in sys.modules if m.startswith(('pipeline.contest.truth', 'pipeline.contest.judging',"
        " 'pipeline.score.targets', 'pipeline.score.verdict'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# --- what forbids a seal ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signers", "why"),
    [("", "nobody has signed"), ("甲", "has 1 of the 2 signatures"), ("甲丙", "'丙' .* not an official who may")],
)
def test_two_surveyors_or_judges_must_have_signed(day: Day, signers: str, why: str) -> None:
    with pytest.raises(ContestError, match=why):
        day.seal(day.survey(signers=signers))
    assert not (day.root / "A.vault").exists() and not day.contest.state.seals


def test_a_stranger_cannot_sign(day: Day) -> None:
    new_key(day.root / "生人.key", "生人", passphrase("生人"), cost=TEST_COST)
    with pytest.raises(ContestError, match=r"'生人' .* is not an official"):
        day.seal(day.survey(signers=["甲", "生人"]))  # type: ignore[arg-type]


def test_nobody_signs_twice(day: Day) -> None:
    with pytest.raises(ContestError, match="'甲' has signed already"):
        day.survey(signers="甲甲")


def test_a_signature_is_for_one_contest_field_and_truth(day: Day) -> None:
    truth = day.survey(signers="甲")
    with pytest.raises(ContestError, match="signed for another field"):
        sign_truth(truth, day.key("乙"), day.contest.state.id, LEG, "B")
    sign_truth(truth, day.key("乙"), "another contest", LEG, FIELD)
    with pytest.raises(ContestError, match="signature of '乙' does not fit"):
        day.seal(truth)
    other = day.survey(ROWS.replace("T1", "X1"), name="B", signers="")
    (other / SIGNED).write_bytes((truth / SIGNED).read_bytes())
    with pytest.raises(ContestError, match="not the ones that were signed"):
        day.seal(other)
    with pytest.raises(ContestError, match="was signed for field 'B'"):
        day.seal(day.survey(name="C", field="B"))


def test_targets_changed_after_the_signatures_are_not_sealed(day: Day) -> None:
    """Even by somebody who changes all files so that they agree with each other."""
    truth = day.survey()
    other = day.survey(ROWS.replace("dust", "smoke"), name="B", signers="")
    for name in (SURVEY, "targets.geojson", SHEET):
        (truth / name).write_bytes((other / name).read_bytes())
    with pytest.raises(ContestError, match="not the ones that were signed"):
        day.seal(truth)


def test_a_signature_tells_nothing_of_the_targets(day: Day) -> None:
    """The same targets, surveyed twice, are signed under two hashes: a guess of them cannot be tried."""
    truths = [read_truth(day.survey(name=n)) for n in ("ONE", "TWO")]
    assert truths[0].targets == truths[1].targets and truths[0].digest != truths[1].digest


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"approved":[1],"field":"A"}', b"\xff", b"[" * 50_000])
def test_a_damaged_signature_file(day: Day, damage: bytes) -> None:
    truth = day.survey()
    (truth / SIGNED).write_bytes(damage)
    with pytest.raises(ContestError, match=r"signed\.json: is damaged"):
        day.seal(truth)


def test_a_field_is_sealed_once(day: Day) -> None:
    truth = day.survey()
    day.seal(truth)
    with pytest.raises(ContestError, match="sealed already"):
        day.seal(truth, "again.vault")
    assert not (day.root / "again.vault").exists()
    assert len([e for e in day.contest.events if e.kind == "seal"]) == 1


@pytest.mark.parametrize(("leg", "field"), [("drone", "C"), ("theory", "A"), ("no such", "A")])
def test_only_fields_of_the_plan(day: Day, leg: str, field: str) -> None:
    holders = [(day.root / f"{n}.key", passphrase(n)) for n in HOLDERS]
    with pytest.raises(ContestError, match="no field"):
        seal(day.contest, leg, field, day.survey(), day.root / "v", holders, day.desk, 1, cost=TEST_COST)


def test_targets_closer_than_twice_the_radius(day: Day) -> None:
    truth = day.survey(CLOSE)
    with pytest.raises(ContestError, match=r"'N1', 'T1': closer to another than 2R = 50000 mm") as caught:
        day.seal(truth)
    assert "3856" not in str(caught.value)
    with pytest.raises(ContestError, match="needs a reason"):
        day.seal(truth, override_close="  ")
    event = day.seal(truth, override_close="两处排口同在一座泵站")
    assert event.body["override_close"] == "两处排口同在一座泵站"
    assert "N1" not in json.dumps(event.body)


def test_targets_outside_of_the_plans_area(day: Day) -> None:
    far = day.survey(ROWS.replace(",512345", ",562345"))
    with pytest.raises(ContestError, match="target 'T1': lies outside the contest's area"):
        day.seal(far)


def test_a_reason_that_nobody_needs_is_not_published(day: Day) -> None:
    assert "override_close" not in day.seal(day.survey(), override_close="to be sure").body


@pytest.mark.parametrize("pad_to", [1, 0, -5, 10_001])
def test_padding_never_hides_a_target(day: Day, pad_to: int) -> None:
    with pytest.raises(ContestError, match="padded to no less"):
        day.seal(day.survey(), pad_to=pad_to)


def test_holders_are_three_registered_people_with_their_own_passphrases(day: Day) -> None:
    truth = day.survey()
    good = [(day.root / f"{n}.key", passphrase(n)) for n in HOLDERS]
    for holders, why in (
        ([*good[:2], (day.root / "己.key", passphrase("己"))], "'己' is not registered as a key holder"),
        ([*good[:2], (good[2][0], "a slip of the finger")], "wrong passphrase"),
        (good[:2], "3 key holders"),
        ([*good[:2], good[0]], "three different people"),
    ):
        with pytest.raises(ContestError, match=why) as caught:
            day.seal(truth, holders=holders)
        assert "passphrase of" not in str(caught.value)
    assert not (day.root / "A.vault").exists()


# --- when the power fails --------------------------------------------------------------------------------------------


def test_the_vault_is_on_the_disk_before_the_event(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = day.survey()

    def cut(*args: object) -> None:
        assert open_vault(day.root / "A.vault", TWO)
        raise KeyboardInterrupt

    monkeypatch.setattr(Contest, "append", cut)
    with pytest.raises(KeyboardInterrupt):
        day.seal(truth)
    monkeypatch.undo()
    assert not Contest.open(day.contest.folder).state.seals
    with pytest.raises(ContestError, match="a vault is never overwritten"):
        day.seal(truth)
    assert day.seal(truth, "second.vault").body["count"] == 2


def test_a_vault_that_does_not_open_again_is_never_relied_on(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.contest.truth import seal as module

    monkeypatch.setattr(module, "write_bytes_atomic", lambda path, data: path.write_bytes(data[:-9] + b"123456789"))
    with pytest.raises(ContestError, match="damaged"):
        day.seal(day.survey())
    assert not day.contest.state.seals


# --- the reveal ------------------------------------------------------------------------------------------------------


def test_nothing_is_revealed_before_the_close(day: Day) -> None:
    with pytest.raises(ContestError, match="never sealed"):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)
    day.seal(day.survey())
    for kind in ("open", "close"):
        for passphrases in (TWO, {}):  # refused before the vault is so much as opened
            with pytest.raises(ContestError, match="not closed"):
                reveal(day.contest, LEG, FIELD, day.root / "A.vault", passphrases, day.desk, 40_000)
        with pytest.raises(ContestError, match="not revealed"):
            revealed_targets(day.contest, LEG, FIELD)
        day.contest.append(kind, {"leg": LEG, "field": FIELD}, day.desk, 20_000)
    reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)
    with pytest.raises(ContestError, match="revealed already"):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)


def test_a_wrong_passphrase_leaves_nothing_behind(day: Day) -> None:
    day.seal(day.survey())
    day.fly()
    before = sorted(day.contest.folder.rglob("*"))
    with pytest.raises(ContestError, match="passphrase is wrong"):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", {**TWO, "丙": "wrong one"}, day.desk, 40_000)
    with pytest.raises(ContestError, match="two of its three"):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", {"丙": TWO["丙"]}, day.desk, 40_000)
    with pytest.raises(ContestError, match="cannot be read"):
        reveal(day.contest, LEG, FIELD, day.root / "none.vault", TWO, day.desk, 40_000)
    assert sorted(day.contest.folder.rglob("*")) == before


def changed(content: dict[str, Any], how: str) -> dict[str, Any]:
    """A reveal that somebody tampered with."""
    real = next(e for e in content["targets"] if not e["decoy"])
    decoy = next(e for e in content["targets"] if e["decoy"])
    if how == "moved":
        real["target"]["lat_e9"] += 1
    elif how == "class":
        real["target"]["class"] = "smoke"
    elif how == "salt":
        real["salt"] = "00" * 32
    elif how == "short salt":
        real["salt"] = real["salt"][:-2]
    elif how == "no salt":
        real["salt"] = None
    elif how == "hidden":
        real["decoy"] = True
    elif how == "decoy as target":
        decoy["decoy"] = False
    elif how == "dropped":
        content["targets"].remove(real)
    elif how == "added":
        content["targets"].append({**real, "salt": "11" * 32})
    elif how == "twice":
        content["targets"].append(real)
    elif how == "rules":
        content["rules_digest"] = "0" * 64
    elif how == "field":
        content["field"] = "B"
    elif how == "contest":
        content["contest"] = "another"
    elif how == "truth salt":
        content["truth_salt"] = "22" * 32
    elif how == "no truth salt":
        del content["truth_salt"]
    elif how == "form":
        content["targets"] = {}
    return content


@pytest.mark.parametrize(
    "how",
    ["moved", "class", "salt", "short salt", "no salt", "hidden", "decoy as target", "dropped", "added", "twice",
     "rules", "field", "contest", "truth salt", "no truth salt", "form"],
)  # fmt: skip
def test_what_was_not_sealed_cannot_be_revealed(day: Day, how: str) -> None:
    content = changed(json.loads(revealed(day, pad_to=4)), how)
    with pytest.raises(ContestError, match=r"reveal|salt|two people signed") as caught:
        targets_from(canonical_json(content), day.contest.state, day.contest.load, LEG, FIELD)
    assert "34839" not in str(caught.value)


def test_a_desk_that_seals_other_targets_than_were_signed_is_found_out(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program may do what it likes: two signatures under a salted hash of the true targets are in the ledger."""
    from pipeline.contest.truth import seal as module

    true = module._entries

    def other(targets: Any, pad_to: int | None) -> Any:
        entries = true(targets, pad_to)
        entries[0]["target"]["lat_e9"] += 900_000
        return entries

    monkeypatch.setattr(module, "_entries", other)
    day.seal(day.survey())
    day.fly()
    with pytest.raises(ContestError, match="is not what two people signed"):
        reveal(day.contest, LEG, FIELD, day.root / "A.vault", TWO, day.desk, 40_000)


def test_an_object_changed_on_the_disk_is_noticed(day: Day) -> None:
    revealed(day)
    path = object_path(day.contest.folder, day.contest.state.revealed[LEG, FIELD])
    path.write_bytes(path.read_bytes().replace(b"dust", b"rust"))
    with pytest.raises(ContestError, match="damaged"):
        revealed_targets(day.contest, LEG, FIELD)
