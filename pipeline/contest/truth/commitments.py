"""What a seal publishes: a salted hash of each target, and the root of a Merkle tree over them.

commitment = SHA-256(canonical JSON of {"contest", "field", "format", "leg", "rules_digest", "salt", "target"})
leaf       = SHA-256(0x00 ‖ commitment), node = SHA-256(0x01 ‖ left ‖ right), as in RFC 6962, section 2.1:
             leaves by commitment, a tree of n splits at the largest power of two below n.

Without the salt, coordinates could be found by trying them all: a field has some 10^16 places, a laptop tries a
region of interest in minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json

FORMAT = "qianliyan-target-1"
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sealing:
    """Which field of which leg, under which rule book: what every commitment of a seal shares."""

    contest: str
    leg: str
    field: str
    rules_digest: str

    def plain(self) -> dict[str, str]:
        """As it stands in canonical JSON."""
        return {"contest": self.contest, "leg": self.leg, "field": self.field, "rules_digest": self.rules_digest}


def commitment(sealing: Sealing, salt: bytes, target: Mapping[str, Any]) -> str:
    """The hash that is published for one canonical target, in hex.

    Raises:
        ContestError: the salt is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ContestError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    whole = {**sealing.plain(), "format": FORMAT, "salt": salt.hex(), "target": target}
    return hashlib.sha256(canonical_json(whole)).hexdigest()


def merkle_root(commitments: Sequence[str]) -> str:
    """The root over commitments in any order, in hex; of none at all the SHA-256 of nothing, as in RFC 6962."""
    leaves = [_hash(b"\x00" + bytes.fromhex(c)) for c in sorted(commitments)]
    return (_root(leaves) if leaves else _hash(b"")).hex()


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return _hash(b"\x01" + _root(leaves[:split]) + _root(leaves[split:]))


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
