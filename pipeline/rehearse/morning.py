"""From an empty folder to the first take-off: people, lots, surveyed targets, seals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.contest.draws import commit_draw, run_draw
from pipeline.contest.folder import Contest
from pipeline.contest.heads import write_head
from pipeline.contest.judging.fields import open_field
from pipeline.contest.people import register_entrants, register_official
from pipeline.contest.truth.seal import seal
from pipeline.contest.truth.sign import sign_truth
from pipeline.contest.truth.survey import import_targets
from pipeline.rehearse.office import DESK, Office, make_keys, passphrase
from pipeline.rehearse.plan import FIELDS, FLIGHT, HOLDERS, JUDGES, SURVEYORS, team_ids, write_entrants, write_plan
from pipeline.rehearse.world import AREA, Planted, system_of, write_surveys

PADDED = 32  # commitments a field, whatever the number of its targets


def set_up(office: Office, teams: int, submissions: int) -> None:
    """Plan, desk, officials, entrants."""
    make_keys(office)
    plan = write_plan(office.folder / "papers" / "contest.toml", submissions)
    Contest.create(office.contest, plan, DESK, office.now(), cost=office.cost)
    for role, names in (("judge", JUDGES), ("keyholder", HOLDERS), ("surveyor", SURVEYORS)):
        for name in names:
            office.act(register_official, office.key(name), name, role)
    office.act(register_entrants, write_entrants(office.folder / "papers" / "entrants.csv", team_ids(teams)))


def survey(office: Office, planted: Mapping[str, Sequence[Planted]]) -> None:
    """Two occupations of every target, imported, and signed by two surveyors."""
    area = (AREA["west"], AREA["south"], AREA["east"], AREA["north"])
    for place in FIELDS:
        files = write_surveys(office.folder / "surveyors" / "controller", place, planted[place], office.seed)
        import_targets(files, office.truth(place), system_of(place), area=area)
        for name in SURVEYORS:
            sign_truth(office.truth(place), office.signer(name), office.read().state.id, FLIGHT, place)


def seal_fields(office: Office) -> None:
    """Three key holders type their passphrases; the vault goes to the safe."""
    office.vault("A").parent.mkdir(exist_ok=True)
    holders = [(office.key(name), passphrase(name)) for name in HOLDERS]
    for place in FIELDS:
        office.act(seal, FLIGHT, place, office.truth(place), office.vault(place), holders, pad_to=PADDED,
                   cost=office.cost)  # fmt: skip


def draw_lots(office: Office) -> None:
    """The desk commits, three teams say a number, the lots are drawn."""
    secret = office.act(commit_draw, FLIGHT)
    office.act(run_draw, FLIGHT, secret, ["17", "4", "88"])


def open_fields(office: Office) -> None:
    """Targets are fixed: the head is published, and flying may begin."""
    for place in FIELDS:
        office.act(open_field, FLIGHT, place)
    write_head(office.contest, office.read().state.head, "start")
