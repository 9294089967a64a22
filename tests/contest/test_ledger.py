from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contest import ledger
from pipeline.contest.ledger import (
    NOTHING,
    append_event,
    events_of,
    read_events,
    read_line,
    torn_tail,
)
from pipeline.contest.store import load
from pipeline.errors import ContestError, OutputError
from pipeline.score.canonical import canonical_json
from tests.contest import attacks
from tests.contest.chain import PASSPHRASE, START_MS, Chain, chain, signed_line


@pytest.fixture
def made(tmp_path: Path) -> Chain:
    return chain(tmp_path / "比赛 one")


def test_what_is_appended_is_read_again(made: Chain) -> None:
    events = made.read()
    assert [e.seq for e in events] == list(range(6))
    assert events[0].prev == NOTHING
    assert [e.prev for e in events[1:]] == [e.head for e in events[:-1]]
    assert events[3].body == {"text": "第 3 条"} and events[3].t_ms == START_MS + 3000


def test_a_line_is_what_the_format_says(made: Chain) -> None:
    """Rebuilt from the format's words, with nothing of ours."""
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for event in made.read():
        content = json.loads(event.line)
        assert json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == event.line
        signature = bytes.fromhex(content.pop("sig"))
        said = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(event.key)).verify(signature, said)
        assert event.head == hashlib.sha256(event.line).hexdigest()


def test_every_byte_counts(made: Chain) -> None:
    """Any byte of the ledger changed to any of a few others: refused, or the last newline is gone and reported torn."""
    data = made.path.read_bytes()
    for at in range(len(data)):
        for new in {data[at] ^ 1, data[at] ^ 0x80, 0x0A, 0x20, 0x30} - {data[at]}:
            changed = data[:at] + bytes([new]) + data[at + 1 :]
            if at == len(data) - 1:
                assert len(events_of(changed, "x")) == 5
                continue
            with pytest.raises(ContestError, match=r"x, line \d+: "):
                events_of(changed, "x")


TOLD = {
    attacks.edited: "its signature does not fit",
    attacks.edited_and_signed_by_the_desk: "does not follow the line before it",
    attacks.deleted: "it is event 3 where 2 is due",
    attacks.first_deleted: "it is event 1 where 0 is due",
    attacks.exchanged: "it is event 3 where 2 is due",
    attacks.inserted: "it is event 3 where 4 is due",
    attacks.doubled: "it is event 2 where 3 is due",
    attacks.signed_by_a_stranger: "a key that no desk of this contest has",
    attacks.stranger_in_the_first: "not signed with the desk's key that it names",
    attacks.blank_line: "damaged; it is not JSON",
    attacks.windows_newlines: "not in the ledger's canonical form",
    attacks.back_in_time: "its time is before that of the line before it",
    attacks.beyond_time: "not one that a clock can show",
    attacks.replayed_from_another_contest: r"another contest \(harbour-2026, not river-2026\)",
    attacks.skipped_number: "it is event 7 where 5 is due",
}


@pytest.mark.parametrize("attack", TOLD, ids=lambda attack: attack.__name__)
def test_each_attack_is_told_with_its_line(made: Chain, attack: attacks.Attack) -> None:
    lines = made.lines()
    number = attack(lines, made)
    made.write(lines)
    with pytest.raises(ContestError, match=rf"events\.jsonl, line {number}: .*{TOLD[attack]}"):
        made.read()


@pytest.mark.parametrize("line", [
    b"{}", b"[]", b"null", b"1", b'"x"', b"\xff", b"{" * 5000, b"[" * 200_000, b'{"seq":NaN}', b'{"a":1.5}',
    b'{"seq":' + b"9" * 5000 + b"}", b'{"a":"\\ud800"}', b'{"a":1,"a":1}', b"\x00", b'{"a":"e\xcc\x81"}',
    b"x" * (ledger.LARGEST_LINE + 1),
])  # fmt: skip
def test_hostile_lines_are_refused_in_a_sentence(made: Chain, line: bytes) -> None:
    made.write([*made.lines(), line])
    with pytest.raises(ContestError, match=r"line 7: [^\n]{10,120}$"):
        made.read()


@pytest.mark.parametrize("field, value", [
    ("seq", True), ("seq", "6"), ("t_ms", None), ("body", []), ("kind", 3), ("prev", 0), ("sig", None), ("key", []),
    ("contest", {}),
])  # fmt: skip
def test_fields_of_the_wrong_type_are_refused(made: Chain, field: str, value: Any) -> None:
    content = {**json.loads(made.lines()[5]), field: value}
    made.write([*made.lines()[:5], canonical_json(content)])
    with pytest.raises(ContestError, match=f"line 6: not an event; `{field}` is of the wrong type"):
        made.read()


@pytest.mark.parametrize("changes", [{"kind": "Öffnen"}, {"kind": ""}, {"contest": "a b"}, {"contest": "x" * 65}])
def test_kinds_and_ids_are_plain_words(made: Chain, changes: dict[str, Any]) -> None:
    made.write([*made.lines()[:5], signed_line(made.desk, made.lines()[5], **changes)])
    with pytest.raises(ContestError, match="line 6: its contest or kind is not a plain word"):
        made.read()


@pytest.mark.parametrize("changes", [{"kind": "note"}, {"body": {}}, {"body": {"id": "other"}}])
def test_the_first_event_names_the_contest(made: Chain, changes: dict[str, Any]) -> None:
    made.write([signed_line(made.desk, made.lines()[0], **changes)])
    with pytest.raises(ContestError, match="line 1: the first event must be"):
        made.read()


def test_a_whole_ledger_signed_anew_with_another_key_differs_in_its_heads_only(made: Chain) -> None:
    """By itself it is in order: this is why heads are published (test_heads shows them tell)."""
    other, lines, prev = attacks.stranger(made), [], NOTHING
    for line in made.lines():
        body = json.loads(line)["body"]
        if "desk" in body:
            body["desk"]["key"] = other.public
        lines.append(signed_line(other, line, prev=prev, body=body))
        prev = read_line(lines[-1], "x").head
    before = made.read()
    made.write(lines)
    assert len(made.read()) == len(before)
    assert all(a.head != b.head for a, b in zip(made.read(), before, strict=True))


def test_a_second_desk_is_let_in_by_the_first(made: Chain) -> None:
    other = attacks.stranger(made)
    last = made.add("machine", {"name": "二号机", "key": other.public}, START_MS + 9000)
    append_event(made.path, last, made.id, "note", {}, other, START_MS + 9000)
    assert [e.key for e in made.read()[-2:]] == [made.desk.public, other.public]


def test_a_body_may_use_the_words_of_the_line_around_it(made: Chain) -> None:
    body = {"key": "x", "sig": "y", "t_ms": 5, "prev": ["z", {"a": 1, "sig": ',"sig":"', "t_ms": 0}], "x": ',"t_ms":7}'}
    made.add("note", body, START_MS + 9000)
    assert made.read()[-1].body == body


def test_a_stranger_cannot_append(made: Chain) -> None:
    before = made.path.read_bytes()
    with pytest.raises(ContestError, match="is no desk of this contest"):
        append_event(made.path, made.read()[-1], made.id, "note", {}, attacks.stranger(made), START_MS)
    assert made.path.read_bytes() == before


def test_the_clock_running_back_is_recorded_and_time_stands_still(made: Chain) -> None:
    event = made.add("note", {"text": "x"}, START_MS - 60_000)
    assert event.t_ms == START_MS + 5000
    assert event.body == {"text": "x", "clock_back_ms": 65_000}
    assert made.read()[-1] == event
    with pytest.raises(ContestError, match="only the ledger itself"):
        made.add("note", {"clock_back_ms": 1})


def test_appending_behind_what_is_no_longer_the_end_is_refused(made: Chain) -> None:
    events = made.read()
    for last in (events[-2], None):
        with pytest.raises(ContestError, match="no longer ends with the event"):
            append_event(made.path, last, made.id, "note", {}, made.desk, START_MS)
    assert made.read() == events


def test_every_torn_end_is_cut_recorded_and_kept(tmp_path: Path) -> None:
    whole = chain(tmp_path / "a", 3)
    data, last = whole.path.read_bytes(), whole.lines()[-1]
    for cut in range(1, len(last) + 1, 7):
        whole.path.write_bytes(data[:-cut])
        torn = torn_tail(whole.path)
        assert torn == last[: len(last) + 1 - cut]
        assert len(whole.read()) == 2
        event = whole.add("note", {"text": "after"})
        events = whole.read()
        assert [e.kind for e in events] == ["contest", "note", *["recovered"] * bool(torn), "note"]
        assert event == events[-1]
        if torn:
            assert events[2].body["bytes"] == len(torn)
            assert load(whole.folder, events[2].body["sha256"]) == torn
        whole.path.write_bytes(data)


def test_a_torn_first_line_is_begun_anew(tmp_path: Path) -> None:
    made = chain(tmp_path, 1)
    made.path.write_bytes(made.path.read_bytes()[:-20])
    made.add("contest", {"id": made.id, "desk": {"name": "a", "key": made.desk.public}})
    assert [e.kind for e in made.read()] == ["contest"]


def test_a_full_disk_leaves_the_ledger_as_it_was(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    before, write = made.path.read_bytes(), os.write
    monkeypatch.setattr("os.write", lambda handle, data: write(handle, data[:50]))
    with pytest.raises(OutputError, match="cannot be written"):
        made.add("note")
    assert made.path.read_bytes() == before


def test_an_event_that_did_not_reach_the_disk_is_taken_back(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made.path.read_bytes()

    def fails(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OutputError, match="Input/output error"):
        made.add("note")
    assert made.path.read_bytes() == before


def test_an_event_is_on_the_disk_before_it_is_returned(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    write = os.write
    monkeypatch.setattr("os.write", lambda h, data: (order.append("write"), write(h, data))[1])
    monkeypatch.setattr("os.fsync", lambda handle: order.append("fsync"))
    made.add("note")
    assert order == ["write", "fsync"]


def test_a_new_ledgers_name_is_on_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(ledger, "sync_folder", synced.append)
    chain(tmp_path / "new", 2)
    assert synced == [tmp_path / "new"]


def test_an_event_too_long_to_be_read_again_is_not_written(made: Chain) -> None:
    before = made.path.read_bytes()
    with pytest.raises(ContestError, match="longer than an event may be"):
        made.add("note", {"text": "x" * ledger.LARGEST_LINE})
    assert made.path.read_bytes() == before


def test_a_ledger_beyond_all_measure_is_not_read(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LARGEST_LEDGER", 100)
    with pytest.raises(ContestError, match="larger than a ledger may be"):
        made.read()


def test_known_events_are_not_checked_again_but_what_follows_is(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    known = made.read()
    made.add("note", {"text": "more"})
    checked: list[bytes] = []
    event = ledger._event
    monkeypatch.setattr(ledger, "_event", lambda line, *rest: (checked.append(line), event(line, *rest))[1])
    assert len(read_events(made.path, known)) == 7
    assert checked == made.lines()[6:]
    lines = made.lines()
    attacks.edited(lines, made)
    made.write(lines)
    with pytest.raises(ContestError, match="line 4: "):
        read_events(made.path, known)


WRITER = """
import sys
from pathlib import Path
from pipeline.contest.keys import open_key
from pipeline.contest.ledger import append_event, read_events
path = Path(sys.argv[1])
desk = open_key(path.with_name("desk.key"), sys.argv[2])
last = read_events(path)[-1]
for number in range(10**9):
    last = append_event(path, last, last.contest, "note", {"text": "x" * (number % 7 * 3000)}, desk, 0)
    sys.stdout.write(last.head + "\\n")
    sys.stdout.flush()
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(made: Chain) -> None:
    for wait_s in (0.02, 0.11, 0.23):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(made.path), PASSPHRASE], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        heads = [writer.stdout.readline()]
        time.sleep(wait_s)
        writer.kill()
        heads += writer.stdout.readlines()
        writer.stdout.close()
        writer.wait()
        acknowledged = [head.strip().decode() for head in heads if head.endswith(b"\n")]
        made.add("note", {"text": "after"})
        assert set(acknowledged) <= {e.head for e in made.read()}
        assert len(acknowledged) > 0


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(bodies=st.lists(st.tuples(st.dictionaries(texts, plain, max_size=4), st.integers(0, 10**13)), max_size=4))
def test_whatever_is_said_is_read_as_it_was_returned(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[tuple[dict[str, Any], int]]
) -> None:
    made = chain(tmp_path_factory.mktemp("a"), 1)
    returned = []
    for body, now_ms in bodies:
        try:
            returned.append(made.add("note", body, now_ms))
        except ValueError as why:
            assert "same once normalised" in str(why)
    assert made.read()[1:] == tuple(returned)
    assert [e.t_ms for e in returned] == sorted(e.t_ms for e in returned)
