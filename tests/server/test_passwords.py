"""Hashes: dear enough, never many at once, and a flood of them is turned away."""

from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from pipeline.server import passwords
from pipeline.server.passwords import AT_ONCE, LEAST, WAITING_MAX, Hashing, check_rule
from pipeline.server.problems import Problem


def test_what_is_used_is_what_the_standard_recommends() -> None:
    kept = extract_parameters(PasswordHasher().hash("x"))
    assert (kept.type.name, kept.memory_cost, kept.time_cost) == ("ID", RFC_9106_LOW_MEMORY.memory_cost, 3)


def test_few_at_once_and_a_flood_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB each: what is computed at once, and not how many ask, bounds the memory."""
    lock, now, most = threading.Lock(), 0, 0
    enough = threading.Event()

    def slow(self: Hashing, kept: str, given: str) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        enough.wait(30)
        with lock:
            now -= 1
        return True

    async def flood() -> list[bool | BaseException]:
        hashing = Hashing()
        asked = [asyncio.ensure_future(hashing.matches("kept", "given")) for _ in range(WAITING_MAX + 20)]
        await asyncio.sleep(0)
        enough.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    monkeypatch.setattr(Hashing, "_verify", slow)
    told = asyncio.run(flood())
    refused = [why for why in told if isinstance(why, Problem)]
    assert most <= AT_ONCE
    assert told.count(True) == WAITING_MAX and [why.status for why in refused] == [429] * 20


@pytest.mark.parametrize("kept", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$bad"])
def test_a_hash_that_is_none_matches_nothing(kept: str) -> None:
    assert asyncio.run(Hashing().matches(kept, "nobody")) is False


def test_hashes_differ_and_hold() -> None:
    hashing = Hashing()
    one, other = (asyncio.run(hashing.hash("correct horse")) for _ in range(2))
    assert one != other and "correct" not in one and len(one) < 200
    assert asyncio.run(hashing.matches(one, "correct horse"))
    assert not asyncio.run(hashing.matches(one, "correct horsE"))


@pytest.mark.parametrize(
    "password", ["x" * (LEAST - 1), "abababababab", "Administrator1", "ａｄｍｉｎｉｓｔｒａｔｏｒ1", "x" * 201]
)
def test_passwords_that_are_none(password: str) -> None:
    with pytest.raises(Problem) as why:
        check_rule(password, "administrator1")
    assert (why.value.status, why.value.code, why.value.detail) == (422, "weak_password", LEAST)


def test_any_language_is_a_password() -> None:
    check_rule("我的飞机在天上飞得很高", "administrator1")
    assert passwords.LEAST == 10
