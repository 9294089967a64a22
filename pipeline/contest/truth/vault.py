"""VAULT: one encrypted file that any two of three key holders open, and no one of them alone.

A random data key encrypts the content. It is wrapped once for each pair of holders, under
HKDF-SHA256(scrypt(passphrase i) ‖ scrypt(passphrase j)); all encryption is ChaCha20-Poly1305 with the whole header
(contest, leg, field, holders, cost) bound to it. The content is padded to a power of two, at least 4 KiB.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from pipeline.contest.keys import COST, HIGHEST_COST, check_passphrase, derive, open_bytes, seal_bytes
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json, nfc

FORMAT = "qianliyan-vault-1"
HOLDERS = 3
LARGEST = 256 * 2**20
PAD_FROM = 4096
_PAIRS = list(combinations(range(HOLDERS), 2))
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who keeps a passphrase; `key` is their registered public key."""

    name: str
    key: str


def vault_bytes(
    content: bytes, bound: Mapping[str, str], holders: Sequence[tuple[Holder, str]], *, cost: int = COST
) -> bytes:
    """The vault's file. bound: contest, leg and field; holders: three, each with the passphrase.

    Raises:
        ContestError: not three different people, or two of them with one passphrase, or one that is too short.
    """
    _check_holders(holders)
    salts = [secrets.token_bytes(_SALT_BYTES) for _ in holders]
    head = {
        **bound,
        "cost": cost,
        "format": FORMAT,
        "holders": [{"key": h.key, "name": h.name, "salt": s.hex()} for (h, _), s in zip(holders, salts, strict=True)],
    }
    stretched = [derive(passphrase, salt, cost) for (_, passphrase), salt in zip(holders, salts, strict=True)]
    beside, data_key = canonical_json(head), secrets.token_bytes(32)
    wraps = [seal_bytes(data_key, _pair_key(stretched[i], stretched[j], beside), beside).hex() for i, j in _PAIRS]
    sealed = base64.b64encode(seal_bytes(_padded(content), data_key, beside)).decode()
    return canonical_json({**head, "sealed": sealed, "wraps": wraps})


def _check_holders(holders: Sequence[tuple[Holder, str]]) -> None:
    if len(holders) != HOLDERS:
        raise ContestError(f"a vault has {HOLDERS} key holders, not {len(holders)}")
    if len({h.name for h, _ in holders}) < HOLDERS or len({h.key for h, _ in holders}) < HOLDERS:
        raise ContestError("the key holders are not three different people with keys of their own")
    for _, passphrase in holders:
        check_passphrase(passphrase)
    if len({nfc(p) for _, p in holders}) < HOLDERS:
        raise ContestError("two key holders have one passphrase: either could open the vault alone")


def _pair_key(one: bytes, other: bytes, beside: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=beside).derive(one + other)


def _padded(content: bytes) -> bytes:
    """Length in 8 bytes, content, zeros up to a power of two."""
    whole = len(content).to_bytes(8, "big") + content
    return whole.ljust(max(PAD_FROM, 1 << (len(whole) - 1).bit_length()), b"\0")


def open_vault(vault: Path, passphrases: Mapping[str, str]) -> bytes:
    """The content, from the passphrases of two or three holders by name.

    Raises:
        ContestError: no vault, damaged, an unknown holder, fewer than two, or a wrong passphrase (nothing tells whose).
    """
    content = _read(vault)
    names = [h["name"] for h in content["holders"]]
    given = {nfc(name): passphrase for name, passphrase in passphrases.items()}
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ContestError(f"{vault}: {unknown[0]!r} is no key holder; they are {', '.join(names)}")
    here = [i for i, name in enumerate(names) if name in given]
    if len(here) < 2:
        raise ContestError(f"{vault}: two of its three key holders are needed: {', '.join(names)}")
    stretched = {
        i: derive(given[names[i]], bytes.fromhex(content["holders"][i]["salt"]), content["cost"]) for i in here
    }
    for pair in combinations(here, 2):
        found = _opened(content, pair, stretched)
        if found is not None:
            return found
    raise ContestError(f"{vault}: a passphrase is wrong, or the file is damaged")


def _opened(content: Mapping[str, Any], pair: tuple[int, ...], stretched: Mapping[int, bytes]) -> bytes | None:
    beside = canonical_json({k: v for k, v in content.items() if k not in ("sealed", "wraps")})
    wrap = bytes.fromhex(content["wraps"][_PAIRS.index((pair[0], pair[1]))])
    data_key = open_bytes(wrap, _pair_key(stretched[pair[0]], stretched[pair[1]], beside), beside)
    whole = None if data_key is None else open_bytes(base64.b64decode(content["sealed"]), data_key, beside)
    return None if whole is None else whole[8 : 8 + int.from_bytes(whole[:8], "big")]


def read_bound(vault: Path) -> dict[str, Any]:
    """What a vault says without a passphrase: contest, leg, field, holders (name, key, salt), cost; ContestError."""
    return {k: v for k, v in _read(vault).items() if k not in ("sealed", "wraps")}


def _read(vault: Path) -> dict[str, Any]:
    try:
        with vault.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as why:
        raise ContestError(f"{vault}: cannot be read ({why.strerror or why})") from None
    try:
        content: Any = json.loads(data) if len(data) <= LARGEST else None
        whole = canonical_json(content) == data and _is_vault(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise ContestError(f"{vault}: not a vault, or damaged")
    return dict(content)


def _is_vault(content: Mapping[str, Any]) -> bool:
    texts = all(isinstance(content[k], str) for k in ("contest", "leg", "field"))
    encoded = base64.b64encode(base64.b64decode(content["sealed"], validate=True)).decode() == content["sealed"]
    named = all(isinstance(h["name"], str) and len(bytes.fromhex(h["salt"])) == _SALT_BYTES for h in content["holders"])
    wrapped = all(len(bytes.fromhex(w)) == 60 for w in content["wraps"])
    counted = len(content["holders"]) == HOLDERS and len(content["wraps"]) == len(_PAIRS)
    affordable = type(content["cost"]) is int and 2 <= content["cost"] <= HIGHEST_COST
    return content["format"] == FORMAT and texts and encoded and named and wrapped and counted and affordable
