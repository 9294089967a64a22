"""Commitments and their Merkle root."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest.truth.commitments import Sealing, commitment, merkle_root
from pipeline.contest.truth.plain import plain_target, target_of, truth_digest
from pipeline.errors import ContestError
from pipeline.types import GeoPoint, Target

SEALING = Sealing("c1", "drone", "A", "0" * 64)
TARGET = plain_target(Target("T1", "dust", GeoPoint(34.839442720, 114.134975330), 2))

# Certificate Transparency's own test vectors (RFC 6962): leaves in this order, and the roots of the first n of them.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("count", range(9))
def test_roots_are_those_of_certificate_transparency(count: int) -> None:
    assert merkle_root(CT_LEAVES[:count]) == CT_ROOTS[count]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), unique=True, max_size=20), st.randoms(use_true_random=False))
def test_the_root_forgets_the_order_and_notices_everything_else(leaves: list[bytes], rng: object) -> None:
    hexes = [leaf.hex() for leaf in leaves]
    mixed = list(hexes)
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    root = merkle_root(hexes)
    assert merkle_root(mixed) == root
    for i in range(len(hexes)):
        assert merkle_root(hexes[:i] + hexes[i + 1 :]) != root
    assert merkle_root([*hexes, "ab" * 32]) != root or "ab" * 32 in hexes


def test_a_commitment_by_hand() -> None:
    """Anybody with a JSON library and SHA-256 gets the same."""
    whole = {
        "contest": "c1", "field": "A", "format": "qianliyan-target-1", "leg": "drone", "rules_digest": "0" * 64,
        "salt": "07" * 32,
        "target": {"attributes": [], "class": "dust", "id": "T1", "kind": "target", "lat_e9": 34839442720,
                   "lon_e9": 114134975330, "polygons": [], "r90_mm": None, "visible_from_ms": None,
                   "visible_to_ms": None, "weight": 2},
    }  # fmt: skip
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert commitment(SEALING, b"\x07" * 32, TARGET) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        Sealing("c2", "drone", "A", "0" * 64),
        Sealing("c1", "other", "A", "0" * 64),
        Sealing("c1", "drone", "B", "0" * 64),
        Sealing("c1", "drone", "A", "1" * 64),
    ],
)
def test_a_commitment_is_bound_to_its_place(other: Sealing) -> None:
    assert commitment(other, bytes(32), TARGET) != commitment(SEALING, bytes(32), TARGET)


def test_without_all_of_its_salt_there_is_no_commitment() -> None:
    with pytest.raises(ContestError, match="32 bytes"):
        commitment(SEALING, bytes(31), TARGET)


TARGETS = st.builds(
    Target,
    id=st.text("ABC目标-1", min_size=1, max_size=8),
    label=st.sampled_from(["dust", "smoke/straw", "排污口/工业"]),
    at=st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 179.9)),
    weight=st.integers(1, 1000),
    kind=st.sampled_from(["target", "ignore"]),
    polygons=st.sampled_from([(), ((((34.1, 114.1), (34.2, 114.1), (34.2, 114.2), (34.1, 114.1)),),)]),
    r90_m=st.none() | st.floats(0, 100),
    visible_from_ms=st.none() | st.integers(0, 2**42),
    visible_to_ms=st.none() | st.integers(0, 2**42),
    attributes=st.sampled_from([(), (("letter", "A"), ("shape", "circle"))]),
)


@settings(max_examples=500, deadline=None)
@given(TARGETS)
def test_a_target_comes_back_from_its_canonical_form(target: Target) -> None:
    plain = plain_target(target)
    back = target_of(json.loads(json.dumps(plain)))
    assert plain_target(back) == plain
    assert target_of(plain_target(back)) == back


@pytest.mark.parametrize(
    "change", [{"lat_e9": "34"}, {"weight": None}, {"lat_e9": 34839442720.0}, {"polygons": 3}, {"more": 1}, {"id": 5}]
)
def test_what_is_no_canonical_target_is_refused_without_its_values(change: dict[str, object]) -> None:
    with pytest.raises(ContestError, match="canonical form") as caught:
        target_of({**TARGET, **change})
    assert "34" not in str(caught.value)


def test_a_truth_digest_needs_its_salt() -> None:
    assert truth_digest(b"\1" * 32, [TARGET]) != truth_digest(b"\2" * 32, [TARGET])
