"""A recorded telemetry log sent again over a link, faster than it was flown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import MissionError
from pipeline.sim.radio import open_radio

STAMP = 8
LONGEST_WAIT_S = 1.0  # of the log's own gaps, as they are replayed
MAX_BYTES = 512 * 1024 * 1024


def replay(tlog: Path, address: str, speed: float = 20.0, stop: threading.Event | None = None) -> int:
    """Send a log's messages to "udp:HOST:PORT", `speed` times as fast as they were received; returns how many.

    Blocks until the end or until `stop` is set. Nothing is answered. Raises MissionError when the log cannot be read.
    """
    stop, sent, before_us = stop or threading.Event(), 0, None
    radio = open_radio(address)
    try:
        for stamp_us, message in messages(tlog):
            pause_s = 0.0 if before_us is None else (stamp_us - before_us) / 1e6 / speed
            before_us = stamp_us
            if pause_s > 0 and stop.wait(min(pause_s, LONGEST_WAIT_S)):
                break
            radio.send(message)
            sent += 1
    finally:
        radio.close()
    return sent


def messages(tlog: Path) -> Iterator[tuple[int, bytes]]:
    """(time of receipt in µs since 1970, MAVLink frame) of a .tlog; what is no frame is stepped over."""
    try:
        if tlog.stat().st_size > MAX_BYTES:
            raise MissionError(f"{tlog.name}: too large to be replayed")
        data = tlog.read_bytes()
    except OSError as why:
        raise MissionError(f"{tlog.name}: cannot be read ({why.strerror})") from why
    at = 0
    while at + STAMP + 8 <= len(data):
        length = _frame_length(data, at + STAMP)
        if length is None:
            at += 1
            continue
        yield int.from_bytes(data[at : at + STAMP], "big"), data[at + STAMP : at + STAMP + length]
        at += STAMP + length


def _frame_length(data: bytes, at: int) -> int | None:
    """Bytes of the frame that starts here, by its magic and its length byte; None where that cannot be one.

    It is one when another follows, the file ends with it, or its checksum is right.
    """
    if data[at] == 0xFE:
        length = data[at + 1] + 8
    elif data[at] == 0xFD:
        length = data[at + 1] + 12 + (13 if data[at + 2] & 1 else 0)
    else:
        return None
    follows = at + length + STAMP
    if follows == len(data) + STAMP or (follows < len(data) and data[follows] in (0xFD, 0xFE)):
        return length
    return length if _is_whole(data[at : at + length]) else None


def _is_whole(frame: bytes) -> bool:
    from pymavlink.dialects.v20 import ardupilotmega

    mav = ardupilotmega.MAVLink(None)
    mav.robust_parsing = True
    return any(m.get_type() != "BAD_DATA" for m in mav.parse_buffer(frame) or ())
