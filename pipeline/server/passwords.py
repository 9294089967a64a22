"""Passwords: argon2id, never more than a few at a time, in threads of their own."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from pipeline.server.problems import Problem

LEAST = 10  # characters
MOST = 200
AT_ONCE = 2  # hashes: each takes 64 MiB while it is computed
WAITING_MAX = 64  # a flood of sign-ins is turned away instead of queued
HASHER = PasswordHasher()

T = TypeVar("T")


def check_rule(password: str, login: str) -> None:
    """Raises Problem 422 when a password is too short, too long or the login itself."""
    if not LEAST <= len(password) <= MOST:
        raise Problem(422, "weak_password", f"a password has {LEAST} to {MOST} characters", LEAST)
    if folded(password) == folded(login) or len(set(password)) < 4:
        raise Problem(422, "weak_password", "this password is too easily guessed", LEAST)


def folded(text: str) -> str:
    """Equal for what people take for the same: full width, case and compatibility forms do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def _typed(password: str) -> str:
    """As compared: an accent may be typed in two ways."""
    return unicodedata.normalize("NFC", password)


class Hashing:
    """Hashes and checks without holding up anybody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        return await self._apart(lambda: HASHER.hash(_typed(password)))

    async def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password is right; takes as long when there is no hash at all."""
        return await self._apart(lambda: self._verify(password_hash, password))

    def _verify(self, password_hash: str, password: str) -> bool:
        if not self._nobody:
            self._nobody = HASHER.hash("nobody")
        try:
            return HASHER.verify(password_hash or self._nobody, _typed(password)) and bool(password_hash)
        except (Argon2Error, InvalidHashError):
            return False

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Problem(429, "too_many", "too many people sign in at this moment; try again", 5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
