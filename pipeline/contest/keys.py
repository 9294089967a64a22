"""Ed25519 keys of desks and officials, kept in files that only a passphrase opens (scrypt, ChaCha20-Poly1305)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from pipeline.contest.store import sync_folder
from pipeline.errors import ContestError
from pipeline.files import write_bytes_atomic
from pipeline.score.canonical import canonical_json, nfc

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

COST = 2**16  # scrypt's N for people: 64 MiB and about a fifth of a second
TEST_COST = 2**4
HIGHEST_COST = 2**18  # 256 MiB: a file that asks for more is not ours
FORMAT = "qianliyan-key-1"
LEAST_PASSPHRASE = 8
NONCE_BYTES = 12
_LARGEST_FILE = 16 * 1024
_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_FIELDS = {"cost": int, "format": str, "name": str, "proof": str, "public": str, "salt": str, "sealed": str}


@dataclass(frozen=True)
class Signer:
    """An opened key: it signs, and shows nothing but its name and public half."""

    name: str
    public: str  # 64 hex
    _sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    def sign(self, data: bytes) -> str:
        """Ed25519 signature of `data`, 128 hex."""
        return self._sign(data).hex()

    def __reduce__(self) -> str:
        raise TypeError("an opened key stays in its process")


def new_key(path: Path, name: str, passphrase: str, *, cost: int = COST) -> str:
    """Make a key file that `passphrase` opens; returns the public key, 64 hex.

    Raises ContestError when the file exists, the name is empty or the passphrase has fewer than 8 characters;
    OutputError when it cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    check_passphrase(passphrase)
    if path.exists():
        raise ContestError(f"{path}: there is a key already; it is never overwritten")
    key = Ed25519PrivateKey.generate()
    head = _head(_name(name), key.public_key().public_bytes_raw().hex(), secrets.token_hex(16), cost)
    head["proof"] = key.sign(_proof(head)).hex()
    wrap = derive(passphrase, bytes.fromhex(head["salt"]), cost)
    sealed = seal_bytes(key.private_bytes_raw(), wrap, canonical_json(head))
    write_bytes_atomic(path, canonical_json({**head, "sealed": sealed.hex()}) + b"\n")
    sync_folder(path.parent)
    return str(head["public"])


def open_key(path: Path, passphrase: str) -> Signer:
    """The key in `path`; ContestError when the passphrase is wrong or the file damaged (nothing tells which)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _read(path)
    wrap = derive(passphrase, bytes.fromhex(content["salt"]), content["cost"])
    head = {k: v for k, v in content.items() if k != "sealed"}
    raw = open_bytes(bytes.fromhex(content["sealed"]), wrap, canonical_json(head))
    if raw is None or len(raw) != 32:
        raise ContestError(f"{path}: wrong passphrase, or the file is damaged")
    key = Ed25519PrivateKey.from_private_bytes(raw)
    if key.public_key().public_bytes_raw().hex() != content["public"]:
        raise ContestError(f"{path}: wrong passphrase, or the file is damaged")
    return Signer(content["name"], content["public"], key.sign)


def read_public(path: Path) -> tuple[str, str]:
    """(name, public key) of a key file, without its passphrase; its holder's own signature over both is checked."""
    content = _read(path)
    if not is_signed(content["public"], _proof(content), content["proof"]):
        raise ContestError(f"{path}: its name and public key are not what its holder signed")
    return content["name"], content["public"]


def is_signed(public: str, data: bytes, signature: str) -> bool:
    """Is `signature` (128 hex) the one of the key `public` (64 hex) over `data`? Malformed ones are not."""
    from cryptography.exceptions import InvalidSignature

    if not (_is_hex(public, 32) and _is_hex(signature, 64)):
        return False
    try:
        _public(public).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_passphrase(passphrase: str) -> None:
    """Raises ContestError for one that is too short; the sentence does not repeat it."""
    if len(nfc(passphrase)) < LEAST_PASSPHRASE:
        raise ContestError(f"a passphrase needs at least {LEAST_PASSPHRASE} characters")


def derive(passphrase: str, salt: bytes, cost: int) -> bytes:
    """32 bytes from a passphrase: scrypt, N = `cost`, r = 8, p = 1. ContestError for a cost out of bounds."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    if not (2 <= cost <= HIGHEST_COST and cost & (cost - 1) == 0):
        raise ContestError(f"a key's cost is a power of two up to {HIGHEST_COST}, not {cost}")
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(nfc(passphrase).encode("utf-8", "surrogatepass"))


def seal_bytes(data: bytes, key: bytes, beside: bytes) -> bytes:
    """nonce ‖ ChaCha20-Poly1305 of `data` under a 32-byte key; `beside` is bound to it, but not hidden."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, data, beside)


def open_bytes(sealed: bytes, key: bytes, beside: bytes) -> bytes | None:
    """What `seal_bytes` hid; None when the key is not the one, or anything has changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], beside)
    except (InvalidTag, ValueError):
        return None


def _head(name: str, public: str, salt: str, cost: int) -> dict[str, Any]:
    return {"cost": cost, "format": FORMAT, "name": name, "public": public, "salt": salt}


def _proof(content: Mapping[str, Any]) -> bytes:
    return canonical_json({"format": FORMAT, "name": content["name"], "public": content["public"]})


def _name(name: str) -> str:
    plain = nfc(name).strip()
    if not plain or len(plain) > 100 or not plain.isprintable():
        raise ContestError("a key needs its holder's name: one line of up to 100 characters")
    return plain


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as why:
        raise ContestError(f"{path}: cannot be read ({why.strerror or why})") from None
    try:
        content = json.loads(data) if len(data) <= _LARGEST_FILE else None
    except (ValueError, RecursionError):
        content = None
    if not _is_key_file(content):
        raise ContestError(f"{path}: not a key file, or damaged")
    return content


def _is_key_file(content: Any) -> TypeGuard[dict[str, Any]]:
    if not isinstance(content, dict) or content.keys() != _FIELDS.keys():
        return False
    if any(type(content[k]) is not kind for k, kind in _FIELDS.items()) or content["format"] != FORMAT:
        return False
    sizes = {"public": 32, "proof": 64, "salt": 16, "sealed": NONCE_BYTES + 32 + 16}
    return all(_is_hex(content[k], n) for k, n in sizes.items())


def _is_hex(text: str, size: int) -> bool:
    return len(text) == 2 * size and _HEX.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _public(public: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
