from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contest.folder import Contest
from pipeline.contest.heads import (
    check_head,
    check_line,
    head_qr_svg,
    head_text,
    publish_head,
    read_head,
    write_head,
)
from pipeline.contest.keys import TEST_COST, Signer, new_key, open_key
from pipeline.contest.ledger import NOTHING, read_line
from pipeline.errors import ContestError, OutputError
from tests.contest.chain import PASSPHRASE, Chain, chain, signed_line

HEX = "0123456789abcdef" * 4


@pytest.fixture
def made(tmp_path: Path) -> Chain:
    return chain(tmp_path / "c")


def test_a_head_is_read_as_it_was_written(made: Chain) -> None:
    for event in made.read():
        assert read_head(head_text(event)) == (made.id, event.seq, event.head)


@given(st.lists(st.integers(0, 63), max_size=20))
def test_a_head_copied_by_hand_may_have_blanks_in_it(places: list[int]) -> None:
    copied = "".join(" " * places.count(i) + c for i, c in enumerate(HEX))
    assert read_head(f"  c-1\n 12 \n{copied}\n") == ("c-1", 12, HEX)


@pytest.mark.parametrize(
    "text",
    ["", "c 1", f"c x {HEX}", f"c 1 {HEX}0", f"c 1 {HEX[:-1]}", f"c -1 {HEX}", f"c 1 {HEX.upper()}", f"c/d 1 {HEX}",
     f"c ١ {HEX}", f"c 1 {HEX}" + " " * 500, f"c 9999999999 {HEX}"],
)  # fmt: skip
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ContestError, match="a head is written as"):
        read_head(text)


def test_published_heads_stay_true_while_the_ledger_grows(made: Chain) -> None:
    heads = [head_text(e) for e in made.read()]
    made.add("note")
    for text in heads:
        check_head(made.read(), text)


def test_truncation_shows_against_a_head_and_a_receipt(made: Chain) -> None:
    events = made.read()
    with pytest.raises(ContestError, match=r"^line 4: the ledger ends here, with event 3, but this head shows event 5"):
        check_head(events[:4], head_text(events[5]))
    with pytest.raises(ContestError, match=r"^line 4: .* but receipt\.json shows event 4; lines were cut off"):
        check_line(events[:4], events[4].line, "receipt.json")


def test_a_ledger_written_anew_with_its_own_key_shows_against_a_head_and_a_receipt(made: Chain) -> None:
    before, lines, prev = made.read(), [], NOTHING
    for line in made.lines():
        body = json.loads(line)["body"]
        lines.append(
            signed_line(made.desk, line, prev=prev, body={**body, "text": body.get("text", "").replace("3", "9")})
        )
        prev = read_line(lines[-1], "x").head
    made.write(lines)
    events = made.read()
    with pytest.raises(ContestError, match=r"^line 6: this is not the event 5 whose head was published"):
        check_head(events, head_text(before[5]))
    with pytest.raises(ContestError, match=r"^line 4: it is not the line that receipt 3 shows"):
        check_line(events, before[3].line, "receipt 3")


def test_a_head_or_receipt_of_another_contest_is_told(made: Chain, tmp_path: Path) -> None:
    other = chain(tmp_path / "other", id="harbour").read()[2]
    with pytest.raises(ContestError, match=r"another contest \(harbour\)"):
        check_head(made.read(), head_text(other))
    with pytest.raises(ContestError, match=r"^r: not signed with the key of a desk of this contest"):
        check_line(made.read(), other.line, "r")
    with pytest.raises(ContestError, match="another contest"):
        check_line(made.read(), signed_line(made.desk, other.line), "r")


def test_a_receipt_is_the_ledgers_own_line(made: Chain) -> None:
    for event in made.read():
        check_line(made.read(), event.line + b"\n", "r")
        check_line(made.read(), event.line + b"\r\n", "r")


def test_a_receipt_that_was_changed_or_forged_is_told(made: Chain) -> None:
    line = made.lines()[3]
    with pytest.raises(ContestError, match=r"^r: its signature does not fit"):
        check_line(made.read(), line.replace(b'"seq":3', b'"seq":4'), "r")
    new_key(made.folder / "k", "x", PASSPHRASE, cost=TEST_COST)
    with pytest.raises(ContestError, match=r"^r: not signed with the key of a desk"):
        check_line(made.read(), signed_line(open_key(made.folder / "k", PASSPHRASE), line), "r")


def photographed(svg: str) -> np.ndarray:
    """The picture of a code, eight pixels a module."""
    side, pen = int(svg.split('width="')[1].split('"')[0]) // 6, [0.0, 0.0]
    light = np.full((side, side), 255, dtype=np.uint8)
    for act, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", svg.split('class="qrline"')[1]):
        if act == "h":
            light[int(pen[1]), int(pen[0]) : int(pen[0] + float(first))] = 0
        pen[0] = float(first) + (0 if act == "M" else pen[0])
        pen[1] = float(second or 0) + (0 if act == "M" else pen[1])
    return np.kron(light, np.ones((8, 8), dtype=np.uint8))


def test_a_telephone_reads_the_code() -> None:
    """OpenCV's reader gives up on three codes in a hundred, whoever drew them: given heads, not those of the day."""
    texts = [f"river-2026 {seq} {hashlib.sha256(bytes([seq])).hexdigest()}" for seq in range(9)]
    read = [cv2.QRCodeDetector().detectAndDecode(photographed(head_qr_svg(t).decode()))[0] for t in texts]
    assert all(found in ("", text) for found, text in zip(read, texts, strict=True))
    assert read.count("") <= 2


def test_the_picture_is_the_same_bytes_and_carries_no_script(made: Chain) -> None:
    text = head_text(made.read()[2])
    assert head_qr_svg(text) == head_qr_svg(text)
    assert head_qr_svg(text).startswith(b"<svg ") and b"script" not in head_qr_svg(text)


def test_a_head_is_written_as_two_lines_and_a_code(made: Chain) -> None:
    event = made.read()[3]
    path = write_head(made.folder, event, "close-河道-A")
    lines = path.read_text("utf-8").split("\n")
    assert path.name == "00003-close-河道-A.txt"
    assert read_head("\n".join(lines[:2])) == (made.id, 3, event.head)
    assert path.with_suffix(".svg").read_bytes() == head_qr_svg(head_text(event))
    assert "2026-09-21" in path.read_text("utf-8")


def test_publishing_a_head_is_an_event_whose_own_head_it_is(
    contest: Contest, desk: Signer, now_ms: Callable[[], int]
) -> None:
    event, path = publish_head(contest, " 开赛 ", desk, now_ms())
    assert (event.kind, event.body, contest.events[-1]) == ("head", {"at": "开赛"}, event)
    assert read_head(path.read_text("utf-8").split("\n\n")[0]) == (contest.state.id, event.seq, event.head)
    check_head(contest.events, head_text(event))
    with pytest.raises(ContestError, match="say where or why"):
        publish_head(contest, " ", desk, now_ms())


@pytest.mark.parametrize("at", ["../../x", "a/b\\c:d", "\n", "", "." * 300])
def test_where_a_head_is_published_never_becomes_a_path(made: Chain, at: str) -> None:
    path = write_head(made.folder, made.read()[3], at)
    assert path.parent == made.folder / "heads" and path.is_file()
    assert len(path.read_text("utf-8").split("\n")) == 10


def test_a_folder_that_cannot_be_written_is_said(made: Chain) -> None:
    (made.folder / "heads").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_head(made.folder, made.read()[3], "x")
