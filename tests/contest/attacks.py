"""What can be done to a ledger's lines; each returns the number of the line that a reader must name."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.contest.keys import TEST_COST, Signer, new_key, open_key
from tests.contest.chain import PASSPHRASE, START_MS, Chain, signed_line

Attack = Callable[[list[bytes], Chain], int]


def edited(lines: list[bytes], made: Chain) -> int:
    lines[3] = lines[3].replace("第 3 条".encode(), "第 8 条".encode())
    return 4


def edited_and_signed_by_the_desk(lines: list[bytes], made: Chain) -> int:
    lines[3] = signed_line(made.desk, lines[3], body={"text": "第 8 条"})
    return 5


def deleted(lines: list[bytes], made: Chain) -> int:
    del lines[2]
    return 3


def first_deleted(lines: list[bytes], made: Chain) -> int:
    del lines[0]
    return 1


def exchanged(lines: list[bytes], made: Chain) -> int:
    lines[2], lines[3] = lines[3], lines[2]
    return 3


def inserted(lines: list[bytes], made: Chain) -> int:
    lines.insert(3, signed_line(made.desk, lines[3], body={"text": "new"}))
    return 5


def doubled(lines: list[bytes], made: Chain) -> int:
    lines.insert(3, lines[2])
    return 4


def signed_by_a_stranger(lines: list[bytes], made: Chain) -> int:
    lines[5] = signed_line(stranger(made), lines[5])
    return 6


def stranger_in_the_first(lines: list[bytes], made: Chain) -> int:
    lines[0] = signed_line(stranger(made), lines[0])
    return 1


def blank_line(lines: list[bytes], made: Chain) -> int:
    lines.insert(2, b"")
    return 3


def windows_newlines(lines: list[bytes], made: Chain) -> int:
    lines[:] = [line + b"\r" for line in lines]
    return 1


def back_in_time(lines: list[bytes], made: Chain) -> int:
    lines[5] = signed_line(made.desk, lines[5], t_ms=START_MS)
    return 6


def beyond_time(lines: list[bytes], made: Chain) -> int:
    lines[5] = signed_line(made.desk, lines[5], t_ms=2**60)
    return 6


def replayed_from_another_contest(lines: list[bytes], made: Chain) -> int:
    lines[4] = signed_line(made.desk, lines[4], contest="harbour-2026")
    return 5


def skipped_number(lines: list[bytes], made: Chain) -> int:
    lines[5] = signed_line(made.desk, lines[5], seq=7)
    return 6


def stranger(made: Chain) -> Signer:
    path = made.folder / "other.key"
    if not path.exists():
        new_key(path, "另一台", PASSPHRASE, cost=TEST_COST)
    return open_key(path, PASSPHRASE)
