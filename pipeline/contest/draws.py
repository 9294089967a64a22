"""Drawing of lots (抽签) that nobody can steer and anybody can recompute.

The desk commits to a secret before the entrants say their numbers aloud; the lots follow from both:

    commitment = SHA-256("qianliyan draw 1 commit" 00 contest 00 draw 00 secret)
    seed       = SHA-256(canonical JSON of {"contest", "contributions", "draw", "secret", "version": 1})
    block n    = SHA-256("qianliyan draw 1 block" 00 seed n), n = 0, 1, … as 8 bytes, big-endian
    number below k: the next 8 bytes of the blocks as a whole number x, taken when x < k · ⌊2^64 / k⌋, else the next
                8 bytes; then x mod k (each value is equally likely)
    order      = the sorted ids, shuffled by Fisher–Yates: for i = last … 1 swap i with a number below i + 1
    fields     = the sorted fields, shuffled likewise by the same stream, dealt out in turn along the order

so the fields' numbers of entrants differ by at most one, and who gets the larger share is drawn too.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.contest.approvals import approved
from pipeline.contest.tables import plain_text
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json

if TYPE_CHECKING:
    from pipeline.contest.folder import Contest
    from pipeline.contest.keys import Signer
    from pipeline.contest.ledger import Event
    from pipeline.contest.records import State

_SECRET = re.compile(r"[0-9a-f]{64}")


def commit_draw(
    contest: Contest, name: str, desk: Signer, now_ms: int, *, signers: Sequence[Signer] = (), secret: str = ""
) -> str:
    """Commit to the lots of the leg `name`; returns the secret (64 hex), kept by the judge until the entrants spoke.

    It is written nowhere. Lost before the draw, two judges (`signers`) commit anew. `secret` is for tests.

    Raises:
        ContestError: no such leg, nobody is registered, or its lots were committed before.
    """
    secret = secret or secrets.token_hex(32)
    body: dict[str, Any] = {"commitment": commitment(contest.state.id, name, secret), "draw": name}
    body = approved(signers, contest.state.id, "draw-commit", body) if signers else body
    contest.append("draw-commit", body, desk, now_ms)
    return secret


def run_draw(
    contest: Contest, name: str, secret: str, contributions: Sequence[str], desk: Signer, now_ms: int
) -> Event:
    """Draw order and fields of the leg `name`. `contributions`: what the entrants said aloud, in the order said.

    Raises:
        ContestError: nothing was committed, the secret is another one, nobody contributed, or it was drawn before.
    """
    if not _SECRET.fullmatch(secret):
        raise ContestError(f"draw {name}: the secret is the 64 hex digits that draw-commit printed")
    said = [plain_text(c, f"contribution {n}") for n, c in enumerate(contributions, 1)]
    order, fields = drawn(contest.state, name, secret, said)
    body = {"contributions": said, "draw": name, "fields": fields, "order": order, "secret": secret}
    return contest.append("draw", body, desk, now_ms)


def drawn(state: State, name: str, secret: str, contributions: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Order and fields that must come out."""
    stream = numbers(seed_of(state.id, name, secret, contributions))
    order = shuffled(state.entrants(name), stream)
    return order, dealt(order, shuffled(sorted(state.plan.leg(name).fields), stream))


def commitment(contest_id: str, name: str, secret: str) -> str:
    """SHA-256 in hex; the secret in hex as it is written."""
    parts = ("qianliyan draw 1 commit", contest_id, name, secret)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def seed_of(contest_id: str, name: str, secret: str, contributions: Sequence[str]) -> bytes:
    """What the lots follow from."""
    value = {"contest": contest_id, "contributions": list(contributions), "draw": name, "secret": secret, "version": 1}
    return hashlib.sha256(canonical_json(value)).digest()


def numbers(seed: bytes) -> Iterator[int]:
    """Whole numbers below 2^64, without end."""
    block = 0
    while True:
        hashed = hashlib.sha256(b"qianliyan draw 1 block\0" + seed + block.to_bytes(8, "big")).digest()
        yield from (int.from_bytes(hashed[i : i + 8], "big") for i in range(0, 32, 8))
        block += 1


def below(k: int, stream: Iterator[int]) -> int:
    """A number from 0 to k - 1; numbers that would favour some of them are thrown away."""
    fair = 2**64 // k * k
    return next(x for x in stream if x < fair) % k


def shuffled(items: Sequence[str], stream: Iterator[int]) -> list[str]:
    """Fisher–Yates over the items as given."""
    out = list(items)
    for i in range(len(out) - 1, 0, -1):
        j = below(i + 1, stream)
        out[i], out[j] = out[j], out[i]
    return out


def dealt(order: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    """Fields in turn along the order; nothing where the leg has no fields."""
    return {entrant: fields[n % len(fields)] for n, entrant in enumerate(order)} if fields else {}


def check_draw(state: State, body: Mapping[str, object]) -> None:
    """Raises ContestError when what was drawn does not follow from secret and contributions."""
    name, secret, said = str(body["draw"]), str(body["secret"]), body["contributions"]
    if commitment(state.id, name, secret) != state.draws[name].commitment:
        raise ContestError(f"draw {name}: the secret is not the one that was committed")
    if not isinstance(said, (list, tuple)) or not said:
        raise ContestError(f"draw {name}: at least one entrant must say a number or a word")
    if any(plain_text(c, f"draw {name}: a contribution") != c for c in said):
        raise ContestError(f"draw {name}: a contribution holds what nobody can have said")
    order, fields = drawn(state, name, secret, said)
    if (list(body["order"]), dict(body["fields"])) != (order, fields):  # type: ignore[call-overload]
        raise ContestError(f"draw {name}: order and fields are not those that follow from the secret")
