"""One live link, from its first word to its last: what comes is placed, searched and written as it comes."""

from __future__ import annotations

import io
import json
import math
import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pipeline import imagery
from pipeline.errors import MissionError, PipelineError
from pipeline.files import write_json_atomic
from pipeline.flow.look import Finder, look
from pipeline.flow.newest import Newest, Shot
from pipeline.flow.placed import Placer
from pipeline.flow.run import write_early
from pipeline.ingest.live import Event, Link
from pipeline.ingest.plan_download import download_plan, plan_value
from pipeline.ingest.recorder import Recorder
from pipeline.ingest.telemetry import Exposure
from pipeline.types import Frame, Looked, Mission, Skipped, iso_utc

Tell = Callable[[str, dict[str, Any]], None]  # "waiting", "event", "plan", "find", "frame", "exposure"; what to say

REMIND_S = 30.0  # of a vehicle that is not heard
PATIENCE_S = 1.5  # that a frame waits for the telemetry on its other side
KEEP_EVERY = 10  # of frames that show nothing
JPEG_QUALITY = 92
NO_PICTURE = "no picture of it came over the link"
SAME_CLOCK_NS = 10_000_000_000
ARRIVAL_SIGMA_S, START_SIGMA_S = 0.15, 0.03


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What `live` is told beside the options of a run."""

    connection: str
    baud: int | None = None
    record: Path | None = None  # a .tlog to write
    video: str | None = None  # file or address of a stream
    video_start_ns: int | None = None  # UTC of its first frame; None: frames were taken when they came
    video_delay_s: float = 0.0  # from the lens to here, where the start is not known
    per_second: float = 2.0  # frames searched
    seconds: float | None = None  # after the first word, and to wait for it; None: to the video's end or Ctrl-C
    plan: bool = True  # ask for the planned mission


@dataclass(slots=True)
class Gathered:
    """What a session has found so far."""

    frames: list[Frame] = field(default_factory=list)
    found: list[Looked | Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)  # from a frame's arrival to its findings on disk
    plan_items: int | None = None
    events: list[Event] = field(default_factory=list)


class Session:
    """One link, from its first word to its last."""

    def __init__(
        self, options: LiveOptions, grown: Path, placer: Placer, see: Finder, tell: Tell, stack: ExitStack
    ) -> None:
        self._options, self._grown, self._see, self._tell = options, grown, see, tell
        self.got = Gathered()
        self._placer, self._telemetry = placer, placer.telemetry
        self._recorder = Recorder(options.record) if options.record else None
        if self._recorder:
            stack.callback(self._recorder.close)
        self._newest = Newest(options.video, options.per_second, self._video_begun) if options.video else None
        self._files = {n: stack.enter_context((grown / n).open("ab"))
                       for n in ("link.jsonl", "exposures.jsonl", "hits.partial.jsonl")}  # fmt: skip
        feeds = (self._telemetry.feed, *((self._recorder.feed,) if self._recorder else ()))
        self._link = stack.enter_context(Link(options.connection, feeds, options.baud))
        self._stop = threading.Event()
        self._asking = threading.Thread(target=self._ask_plan, name="plan", daemon=True)
        self._exposures: list[Exposure] = []
        self._boots, self._problems = 1, 0  # that were noted
        self._end_s = math.inf

    def follow(self) -> None:
        """Until the end; Ctrl-C after the first word of a vehicle is an end like any other."""
        self._await_vehicle()
        try:
            if self._options.plan:
                self._asking.start()
            if self._options.seconds is not None:
                self._end_s = time.monotonic() + self._options.seconds
            with ExitStack() as stack:
                if self._newest:
                    stack.enter_context(self._newest)
                while time.monotonic() < self._end_s and not (self._newest and self._newest.over):
                    self._step()
        except KeyboardInterrupt:
            self._note("interrupted")
        finally:
            self._stop.set()
            if self._asking.ident is not None:
                self._asking.join(5)
        self._take_exposures(last=True)
        self._take_events()

    def _await_vehicle(self) -> None:
        """For `seconds`, or without end: a vehicle may be switched on later."""
        began_s = time.monotonic()
        until_s, again_s = began_s + (self._options.seconds or math.inf), began_s + REMIND_S
        self._take_events()
        self._tell("waiting", {"connection": self._options.connection})
        while self._link.system == 0:
            now_s = time.monotonic()
            if now_s > until_s:
                raise MissionError(f"{self._options.connection}: {self._heard_so_far(now_s - began_s)}")
            if now_s > again_s:
                again_s += REMIND_S
                self._note("waiting", self._heard_so_far(now_s - began_s))
            time.sleep(0.05)
        self._take_events()
        self._note("vehicle", f"system {self._link.system}, MAVLink {self._link.version}")

    def _heard_so_far(self, seconds: float) -> str:
        messages = self._link.messages
        heard = f"{messages} messages, no heartbeat of a vehicle" if messages else "nothing"
        return f"{heard} was heard in {seconds:.0f} s"

    def _step(self) -> None:
        self._take_events()
        self._take_exposures(last=False)
        if self._newest is None:
            time.sleep(0.05)
            return
        shot = self._newest.take(self._is_covered, PATIENCE_S, 0.1)
        if shot is not None:
            self._search(shot)

    def _taken_ns(self, shot: Shot) -> tuple[int | None, float]:
        """When a frame was taken (UTC by the vehicle's clock), and one sigma of that in seconds."""
        if self._options.video_start_ns is not None:
            return self._options.video_start_ns + shot.since_ns, START_SIGMA_S
        came_ns = self._telemetry.utc_of(shot.came_ns)
        return (None if came_ns is None else came_ns - round(self._options.video_delay_s * 1e9)), ARRIVAL_SIGMA_S

    def _video_begun(self) -> bool:
        """A file's first frame is due: at once, or when the vehicle's clock comes to its start."""
        start_ns, newest_ns = self._options.video_start_ns, self._telemetry.newest_ns()
        return newest_ns is not None and (start_ns is None or newest_ns >= start_ns)

    def _is_covered(self, shot: Shot) -> bool:
        t_ns, newest_ns = self._taken_ns(shot)[0], self._telemetry.newest_ns()
        return t_ns is not None and newest_ns is not None and newest_ns >= t_ns

    def _search(self, shot: Shot) -> None:
        """Place and search one frame; its findings are on the disk when this returns."""
        t_ns, sigma_t_s = self._taken_ns(shot)
        index = len(self.got.frames)
        path = self._grown / "frames" / f"{index + 1:06d}.jpg"
        name, size = f"frames/{path.name}", (shot.image.shape[1], shot.image.shape[0])
        frame = self._placer.frame(index, t_ns or 0, sigma_t_s, name, str(path), size)
        path.write_bytes(imagery.encode_jpeg(shot.image, JPEG_QUALITY))
        (entry,) = look([frame], self._see, str(self._grown / "work" / "thumbs"))
        self.got.frames.append(frame)
        self.got.found.append(entry)
        finds = self._write_finds(frame, entry)
        if not (isinstance(entry, Looked) and entry.detections) and index % KEEP_EVERY:
            path.unlink()
        self.got.delays_s.append(_delay_s(shot, t_ns))
        for find in finds:
            self._tell("find", {**find, "delay_s": self.got.delays_s[-1]})
        self._tell("frame", {"frame": frame, "entry": entry, "dropped": self._newest.dropped if self._newest else 0})

    def _write_finds(self, frame: Frame, entry: Looked | Skipped) -> list[dict[str, Any]]:
        lines = io.BytesIO()
        write_early(entry, Mission("", (frame,), self._placer.ground), lines)
        self._append("hits.partial.jsonl", lines.getvalue())
        return [json.loads(line) for line in lines.getvalue().splitlines()]

    def _append(self, name: str, data: bytes) -> None:
        """Write at once; findings are forced to the disk, which the rest does not make wait."""
        if data:
            file: IO[bytes] = self._files[name]
            file.write(data)
            file.flush()
            if name == "hits.partial.jsonl":
                os.fsync(file.fileno())

    def _note(self, what: str, note: str = "") -> None:
        self._event(Event(time.time_ns(), what, note))

    def _event(self, event: Event) -> None:
        self.got.events.append(event)
        line = {"t": iso_utc(event.t_ns), "what": event.what, "note": event.note}
        self._append("link.jsonl", json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._tell("event", line)

    def _take_events(self) -> None:
        while self._link.events:
            self._event(self._link.events.pop(0))
        problems = self._newest.problems if self._newest else []
        while self._problems < len(problems):
            self._note("video", problems[self._problems])
            self._problems += 1
        if self._telemetry.boots > self._boots:
            self._boots = self._telemetry.boots
            self._note("reboot", "the vehicle's clock started anew")

    def _take_exposures(self, last: bool) -> None:
        """Presses of the shutter, each once the telemetry has reached it."""
        self._exposures += self._telemetry.take_exposures()
        newest_ns = self._telemetry.newest_ns() or 0
        waiting = []
        for exposure in self._exposures:
            if newest_ns < exposure.t_ns and not last:
                waiting.append(exposure)
                continue
            self._write_exposure(exposure)
        self._exposures = waiting

    def _write_exposure(self, exposure: Exposure) -> None:
        index = len(self.got.frames)
        name = f"exposure {index + 1:06d} {exposure.source} {exposure.sequence}"
        frame = self._placer.frame(index, exposure.t_ns, 0.0, name, "", (0, 0))
        line = _exposure_line(exposure, frame)
        self._append("exposures.jsonl", json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if self._newest is None:
            self.got.frames.append(frame)
            self.got.found.append(Skipped(name, frame.problem or NO_PICTURE))
        self._tell("exposure", line)

    def problems(self) -> tuple[str, ...]:
        """What ended before its time."""
        recording = (self._recorder.problem,) if self._recorder and self._recorder.problem else ()
        return (*self.got.warnings, *(self._newest.problems if self._newest else ()), *recording)

    def facts(self) -> dict[str, Any]:
        """What provenance.json tells of the link."""
        delays = sorted(self.got.delays_s)
        return {
            "connection": self._options.connection,
            "messages": self._link.messages,
            "events": [{"t": iso_utc(e.t_ns), "what": e.what, "note": e.note} for e in self.got.events],
            "boots": self._telemetry.boots,
            "clock": self._telemetry.clock_source,
            "plan_items": self.got.plan_items,
            "video": self._options.video,
            "video_frames": self._newest.came if self._newest else 0,
            "video_dropped": self._newest.dropped if self._newest else 0,
            "delay_s": {"median": delays[len(delays) // 2], "most": delays[-1]} if delays else None,
            "recorded": str(self._options.record) if self._options.record else None,
            "recorded_messages": self._recorder.messages if self._recorder else 0,
        }

    def _ask_plan(self) -> None:
        try:
            plan = download_plan(self._link, self._stop.is_set)
            write_json_atomic(self._grown / "plan.json", plan_value(plan))
        except (PipelineError, OSError) as why:
            if not self._stop.is_set():
                self.got.warnings.append(f"planned mission: {why}")
                self._tell("plan", {"why": str(why)})
            return
        self.got.plan_items = len(plan.items)
        self._tell("plan", {"items": len(plan.items), "seconds": plan.seconds, "repeats": plan.repeats})


def _exposure_line(exposure: Exposure, frame: Frame) -> dict[str, Any]:
    """One line of exposures.jsonl: where the lens was and looked, by the telemetry around the moment."""
    pose = frame.pose
    angles = pose.attitude if pose else None
    return {
        "source": exposure.source,
        "sequence": exposure.sequence,
        "t": iso_utc(exposure.t_ns),
        "lat_deg": round(pose.at.lat_deg, 9) if pose else None,
        "lon_deg": round(pose.at.lon_deg, 9) if pose else None,
        "alt_m": round(pose.at.alt_m, 3) if pose else None,
        "yaw_deg": round(angles.yaw_deg, 3) if angles else None,
        "pitch_deg": round(angles.pitch_deg, 3) if angles else None,
        "roll_deg": round(angles.roll_deg, 3) if angles else None,
        "problem": frame.problem,
    }


def _delay_s(shot: Shot, t_ns: int | None) -> float:
    """Since a frame was taken, where the two clocks are near enough to tell, or since it came."""
    now_ns = time.time_ns()
    taken_ns = t_ns if t_ns is not None and 0 <= shot.came_ns - t_ns < SAME_CLOCK_NS else shot.came_ns
    return (now_ns - taken_ns) / 1e9
