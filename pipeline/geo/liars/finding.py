"""What an examination says: one value a question, whichever way it was answered."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Verdict = Literal["found", "no", "unknown"]
Repair = Literal["", "turn", "heading", "attitude", "height", "heights", "position", "places", "refuse"]

# What is asked, and the lies that an answer may name.
KINDS = {
    "pixels": ("turned",),
    "heading": ("yaw", "aircraft-yaw", "yaw-sign", "roll-sign", "magnetic", "heading"),
    "tilt": ("zero-gimbal", "pitch-sign", "roll-sign", "tilt", "inconsistent"),
    "height": ("relative-as-absolute", "ellipsoid", "barometer", "barometer-drift", "height"),
    "clock": ("clock-seconds", "clock-hours"),
    "place": ("gcj02",),
}

# What people read of each kind, Chinese and English, as in `words.WORDS`.
TITLES: dict[str, tuple[str, str]] = {
    "turned": ("像素被旋转", "Turned pixels"),
    "heading": ("航向", "Heading"),
    "yaw": ("个别照片航向错误", "Headings of single photos"),
    "aircraft-yaw": ("云台航向实为机身航向", "Aircraft's yaw for the gimbal's"),
    "yaw-sign": ("航向角符号相反", "Sign of the yaw"),
    "magnetic": ("磁北当作真北", "Magnetic for true north"),
    "tilt": ("俯仰与横滚", "Tilt"),
    "zero-gimbal": ("云台角全为零", "No gimbal angles"),
    "pitch-sign": ("俯仰角符号相反", "Sign of the pitch"),
    "roll-sign": ("横滚角符号相反", "Sign of the roll"),
    "inconsistent": ("照片之间互相矛盾", "Photos contradict each other"),
    "height": ("高度", "Height"),
    "relative-as-absolute": ("相对高度当作海拔", "Height above take-off for one above sea level"),
    "ellipsoid": ("椭球高与海拔混淆", "Ellipsoid for geoid"),
    "barometer": ("起飞点相对高度错误", "Height above take-off"),
    "barometer-drift": ("气压高度漂移", "Drifting heights"),
    "clock": ("时钟", "Clock"),
    "clock-seconds": ("位姿与照片差数秒", "Poses of another second"),
    "clock-hours": ("时钟差整小时", "Clock off by hours"),
    "place": ("位置", "Place"),
    "gcj02": ("坐标为火星坐标 (GCJ-02)", "GCJ-02 coordinates"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer.

    kind: of `KINDS`, the lie where one was found, else the question; frames: ids that it is about; value, sigma, unit:
    how large it is (a mean, where photos differ), 0 where it has no size; by_frame: each frame's own size, where the
    repair needs it; sentence: for the user; repair: what `repaired` may do.
    """

    kind: str
    verdict: Verdict
    sentence: str
    frames: tuple[str, ...] = ()
    value: float = 0.0
    sigma: float = 0.0
    unit: str = ""
    by_frame: tuple[tuple[float, ...], ...] = ()
    repair: Repair = ""

    @property
    def line(self) -> str:
        """For the provenance."""
        size = f" {self.value:.1f} ± {self.sigma:.1f} {self.unit}" if self.unit else ""
        about = f" ({len(self.frames)} photos)" if self.frames else ""
        return f"{self.kind}: {self.verdict}{size}{about}; {self.sentence}"


def unknown(question: str, why: str) -> Finding:
    """An answer that cannot be given."""
    return Finding(question, "unknown", f"cannot be told here: {why}")


def clean(question: str, why: str) -> Finding:
    """Nothing was found."""
    return Finding(question, "no", why)


def names(ids: Iterable[str], of: Sized = ()) -> str:
    """Frames as people name them: all of them, a few by name, or the first, the last and how many."""
    stems = [PurePosixPath(i).stem for i in ids]
    if of and len(stems) == len(of):
        return f"all {len(stems)} photos" if len(stems) > 1 else stems[0]
    if len(stems) <= 3:
        return ", ".join(stems)
    return f"{stems[0]} … {stems[-1]} ({len(stems)} photos)"
