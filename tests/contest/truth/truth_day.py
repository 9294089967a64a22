"""A small surveyed contest: two teams, field A of the drone leg, six officials; scrypt at its cheapest."""

from __future__ import annotations

from pathlib import Path

from pipeline.contest.folder import Contest
from pipeline.contest.keys import TEST_COST, Signer, open_key
from pipeline.contest.ledger import Event
from pipeline.contest.truth.seal import seal
from pipeline.contest.truth.sign import sign_truth
from pipeline.contest.truth.survey import import_targets

LEG, FIELD = "drone", "A"
OFFICIALS = {"甲": "surveyor", "乙": "judge", "丙": "keyholder", "丁": "keyholder", "戊": "keyholder", "己": "surveyor"}
HOLDERS = ("丙", "丁", "戊")
HEAD = "点名,类别,北坐标X,东坐标Y,HRMS,解状态,时间\n"
ROWS = (
    "T1,outfall/industrial,3856789.123,512345.678,0.010,固定解,2026-05-01 09:00:00\n"
    "T2,dust,3856989.123,512345.678,0.012,固定解,2026-05-01 09:10:00\n"
    "T1,outfall/industrial,3856789.133,512345.671,0.010,固定解,2026-05-01 10:00:00\n"
    "T2,dust,3856989.113,512345.671,0.012,固定解,2026-05-01 10:10:00\n"
)
CRS = "cgcs2000/gk3:CM=114"


def passphrase(name: str) -> str:
    """Of an official's key."""
    return f"passphrase of {name}"


class Day:
    """A contest with registered officials, ready to seal; `changing` is held."""

    def __init__(self, root: Path, contest: Contest, desk: Signer) -> None:
        self.root, self.contest, self.desk, self.now_ms = root, contest, desk, 10_000

    def key(self, name: str) -> Signer:
        return open_key(self.root / f"{name}.key", passphrase(name))

    def survey(self, rows: str = ROWS, name: str = "TRUTH", signers: str = "甲乙", field: str = FIELD) -> Path:
        (self.root / f"{name}.csv").write_text(HEAD + rows, "utf-8")
        import_targets([self.root / f"{name}.csv"], self.root / name, CRS)
        for signer in signers:
            sign_truth(self.root / name, self.key(signer), self.contest.state.id, LEG, field)
        return self.root / name

    def seal(self, truth: Path, vault: str | Path = "A.vault", field: str = FIELD, **more: object) -> Event:
        holders = [(self.root / f"{n}.key", passphrase(n)) for n in HOLDERS]
        holders = more.pop("holders", holders)  # type: ignore[assignment]
        return seal(
            self.contest, LEG, field, truth, self.root / vault, holders, self.desk, self.now_ms, cost=TEST_COST, **more
        )  # type: ignore[arg-type]

    def fly(self, field: str = FIELD) -> None:
        """Draw, open and close the field."""
        self.contest.append("open", {"leg": LEG, "field": field}, self.desk, 20_000)
        self.contest.append("close", {"leg": LEG, "field": field}, self.desk, 30_000)
