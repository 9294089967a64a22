"""What a detector is, and how the ones that are there are found by name."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from pipeline import imagery
from pipeline.errors import ModelError
from pipeline.imagery import Image
from pipeline.registry import Registry
from pipeline.types import Detection, Frame


class Detector(Protocol):
    """Finds things in one picture.

    A registry entry makes one: `factory(false_alarms_per_photo)`, or `factory(argument, false_alarms_per_photo)` for
    a spec `name:argument`; one that also takes `trust` is told whether the user vouches for code inside weights.
    """

    name: str
    digest: str  # SHA-256 of name, version and parameters (and weights): the same digest finds the same things
    threshold: float  # confidence below which it keeps silent

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """Detections in (h, w, 3) uint8, blue first."""
        ...


# `all`: what has earned its place by what it finds and how rarely it cries wolf. The others are asked for by name.
EARNED = ("marker",)


@lru_cache(maxsize=1)
def detectors() -> Registry:
    """The detectors that are there, by name."""
    builtin = {
        "marker": "pipeline.detect.marker:Marker",
        "outlet": "pipeline.detect.outlet:Outlet",
        "plume": "pipeline.detect.plume:Plume",
        "yolo": "pipeline.detect.yolo:Yolo",
    }
    return Registry("detectors", builtin)


@dataclass(frozen=True, slots=True)
class See:
    """Several detectors that look at the same picture; small, so that it travels to other processes.

    The detectors themselves are opened once in each process, on first use.
    """

    specs: tuple[str, ...]
    false_alarms_per_photo: float | None = None
    trust: bool = False  # the user vouches for weights whose loading runs code

    @property
    def name(self) -> str:
        return ",".join(self.specs)

    @property
    def digest(self) -> str:
        """SHA-256 over the detectors' digests and thresholds."""
        parts = [[d.name, d.digest, d.threshold] for d in self._opened()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def thresholds(self) -> dict[str, float]:
        """Confidence below which each detector keeps silent."""
        return {spec: d.threshold for spec, d in zip(self.specs, self._opened(), strict=True)}

    def find(self, image: Image, frame_id: str) -> tuple[Detection, ...]:
        """What all detectors find in (h, w, 3) uint8, blue first, in the detectors' order."""
        return tuple(found for d in self._opened() for found in d.find(image, frame_id))

    def __call__(self, frame: Frame) -> tuple[Detection, ...]:
        """What is found in a frame; raises ImageryError when it cannot be read."""
        return self.find(imagery.read(frame), frame.id)

    def _opened(self) -> list[Detector]:
        return [_open(spec, self.false_alarms_per_photo, self.trust) for spec in self.specs]


def load_detector(spec: str, false_alarms_per_photo: float | None = None, trust: bool = False) -> See:
    """Detectors by name: "marker", "all", or several joined by commas; a name may take an argument after a colon.

    `false_alarms_per_photo` picks each detector's threshold from its own measured table; None is its default.
    `trust` allows weights whose loading runs the code inside them.
    Raises ModelError for a name that is not there, and when a detector refuses what it was given.
    """
    names = [s.strip() for s in spec.split(",") if s.strip()]
    if not names:
        raise ModelError(f"no detector is named in {spec!r}; there are: {_known()}")
    specs = dict.fromkeys(each for name in names for each in (EARNED if name == "all" else (name,)))
    see = See(tuple(specs), false_alarms_per_photo, trust)
    see.thresholds  # noqa: B018 (opens all of them, so that a wrong name is told now and not in a worker)
    return see


def _known() -> str:
    return ", ".join(["all", *sorted(detectors())])


@lru_cache(maxsize=16)
def _open(spec: str, false_alarms_per_photo: float | None, trust: bool) -> Detector:
    name, _, argument = spec.partition(":")
    if name not in detectors():
        raise ModelError(f"there is no detector called {name!r}; there are: {_known()}")
    factory = detectors()[name]
    given: list[Any] = [argument, false_alarms_per_photo] if argument else [false_alarms_per_photo]
    options = {"trust": trust} if trust and _takes(factory, "trust") else {}
    try:
        inspect.signature(factory).bind(*given, **options)
    except TypeError as why:
        raise ModelError(
            f"detector {spec!r}: {name} takes {'no' if argument else 'an'} argument after a colon"
        ) from why
    found: Detector = factory(*given, **options)
    return found


def _takes(factory: Callable[..., Any], option: str) -> bool:
    return option in inspect.signature(factory).parameters
