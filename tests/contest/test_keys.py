from __future__ import annotations

import json
import pickle
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.keys import (
    HIGHEST_COST,
    TEST_COST,
    Signer,
    derive,
    is_signed,
    new_key,
    open_bytes,
    open_key,
    read_public,
    seal_bytes,
)
from pipeline.errors import ContestError
from pipeline.score.canonical import canonical_json

PASSPHRASE = "correct 马 battery"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "张 三.key"
    new_key(path, "张三", PASSPHRASE, cost=TEST_COST)
    return path


def test_the_key_opened_signs_what_its_public_half_accepts(key_file: Path) -> None:
    signer = open_key(key_file, PASSPHRASE)
    signature = signer.sign(b"abc")
    assert (signer.name, signer.public) == read_public(key_file) == ("张三", signer.public)
    assert is_signed(signer.public, b"abc", signature)
    assert not is_signed(signer.public, b"abd", signature)


def test_signatures_are_those_of_rfc_8032() -> None:
    """RFC 8032, section 7.1, TEST 2."""
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = Ed25519PrivateKey.from_private_bytes(secret)
    signer = Signer("rfc", key.public_key().public_bytes_raw().hex(), key.sign)
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert signer.public == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signer.sign(b"\x72") == signature
    assert is_signed(signer.public, b"\x72", signature)


def test_the_derived_key_is_that_of_rfc_7914() -> None:
    """Section 12: scrypt(P="", S="", N=16, r=1, p=1) has another r; ours is checked with hashlib's scrypt."""
    import hashlib

    ours = derive("密码 words", b"0123456789abcdef", 1024)
    assert ours == hashlib.scrypt("密码 words".encode(), salt=b"0123456789abcdef", n=1024, r=8, p=1, dklen=32)


def test_a_passphrase_typed_in_another_normal_form_opens(tmp_path: Path) -> None:
    new_key(tmp_path / "k", "é", "caf\u00e9 au lait", cost=TEST_COST)
    assert open_key(tmp_path / "k", "cafe\u0301 au lait").name == "é"


def test_a_key_is_never_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(ContestError, match="never overwritten"):
        new_key(key_file, "李四", PASSPHRASE, cost=TEST_COST)
    assert key_file.read_bytes() == before


@pytest.mark.parametrize("passphrase", ["", "1234567", "七个字七个字。"])
def test_a_short_passphrase_is_refused_and_not_repeated(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(ContestError, match="at least 8 characters") as caught:
        new_key(tmp_path / "k", "张三", passphrase, cost=TEST_COST)
    assert not passphrase or passphrase not in str(caught.value)
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "\x1b[2J"])
def test_a_name_is_one_printable_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContestError, match="name"):
        new_key(tmp_path / "k", name, PASSPHRASE, cost=TEST_COST)


def test_a_wrong_passphrase_and_a_damaged_file_sound_the_same(key_file: Path) -> None:
    with pytest.raises(ContestError) as wrong:
        open_key(key_file, PASSPHRASE + "x")
    content = json.loads(key_file.read_bytes())
    content["sealed"] = ("0" if content["sealed"][0] != "0" else "1") + content["sealed"][1:]
    key_file.write_bytes(canonical_json(content))
    with pytest.raises(ContestError) as damaged:
        open_key(key_file, PASSPHRASE)
    assert str(wrong.value) == str(damaged.value)


@pytest.mark.parametrize("field", ["cost", "name", "proof", "public", "salt", "sealed"])
def test_no_field_of_a_key_file_can_be_changed(key_file: Path, field: str) -> None:
    content = json.loads(key_file.read_bytes())
    changed = {"cost": 2 * TEST_COST, "name": "李四"}
    content[field] = changed.get(field) or content[field][::-1]
    key_file.write_bytes(canonical_json(content))
    with pytest.raises(ContestError, match="wrong passphrase, or the file is damaged"):
        open_key(key_file, PASSPHRASE)


def test_the_public_half_with_another_name_is_refused_without_a_passphrase(key_file: Path) -> None:
    content = json.loads(key_file.read_bytes())
    key_file.write_bytes(canonical_json({**content, "name": "李四"}))
    with pytest.raises(ContestError, match="not what its holder signed"):
        read_public(key_file)


@pytest.mark.parametrize("cost", [2**40, 2**63, HIGHEST_COST * 2, 0, -1, 1, 3, 1000, 10**300])
def test_a_hostile_cost_asks_for_neither_memory_nor_time(key_file: Path, cost: int) -> None:
    content = json.loads(key_file.read_bytes())
    key_file.write_bytes(canonical_json({**content, "cost": cost}))
    with pytest.raises(ContestError, match="power of two"):
        open_key(key_file, PASSPHRASE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 10_000,
        b"\xff\xfe",
        b'{"cost":1e999}',
        b" " * 20_000,
        b'{"cost":"' + b"9" * 999,
    ],
)
def test_what_is_no_key_file_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "k").write_bytes(data)
    for read in (lambda p: open_key(p, PASSPHRASE), read_public):
        with pytest.raises(ContestError, match="not a key file, or damaged"):
            read(tmp_path / "k")


def test_a_key_file_is_read_up_to_its_largest_size_only(key_file: Path) -> None:
    key_file.write_bytes(key_file.read_bytes() + b" " * 20_000)
    with pytest.raises(ContestError, match="not a key file, or damaged"):
        open_key(key_file, PASSPHRASE)


def test_a_missing_key_file_and_a_folder_are_said_to_be_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ContestError, match="cannot be read"):
            open_key(path, PASSPHRASE)


def test_an_opened_key_is_not_shown_and_not_pickled(key_file: Path) -> None:
    signer = open_key(key_file, PASSPHRASE)
    assert repr(signer) == f"Signer(name='张三', public='{signer.public}')"
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(signer)


def test_no_traceback_shows_the_passphrase(key_file: Path) -> None:
    secret = "-".join(["secret", "words"])
    with pytest.raises(ContestError) as caught:
        open_key(key_file, secret)
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "public, signature", [("", ""), ("zz" * 32, "00" * 64), ("00" * 31, "00" * 64), ("AB" * 32, "")]
)
def test_malformed_signatures_are_none(public: str, signature: str) -> None:
    assert not is_signed(public, b"", signature)


@given(st.binary(max_size=200), st.binary(max_size=20), st.integers(0, 10_000), st.integers(1, 255))
def test_sealed_bytes_open_only_when_nothing_has_changed(data: bytes, beside: bytes, at: int, flip: int) -> None:
    key = bytes(range(32))
    sealed = seal_bytes(data, key, beside)
    changed = bytearray(sealed)
    changed[at % len(sealed)] ^= flip
    assert open_bytes(sealed, key, beside) == data
    assert open_bytes(bytes(changed), key, beside) is None
    assert open_bytes(sealed, key, beside + b"x") is None
    assert open_bytes(sealed[:-1], key, beside) is None
    assert data == b"" or data not in sealed or len(data) < 4
