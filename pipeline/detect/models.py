"""Facts about weights: the tables of models/registry.toml, and what can be known of a file that is not in it.

One table a model:

    [qly-n]
    file = "qly-n.onnx"              # .onnx or .xml, in models/
    sha256 = "…"                     # of the file (of .xml and .bin one after the other); checked before use
    family = "yolov8"                # yolov5, yolov8, end2end, yolox
    names = ["smoke", "dust"]        # of the network's classes, in its order
    size_px = 320                    # side of its input, or [height, width]
    threshold = 0.25                 # confidence below which it keeps silent
    false_alarms = [[0.5, 0.2], [0.1, 0.4]]   # optional: [false alarms a photo, threshold], measured
    card = "cards/qly-n.md"
    scales = [1.0, 0.5]              # optional: network pixels a picture pixel, a set of tiles each (default [1.0])
    long_px = [2560, 960]            # optional, in place of scales: long sides to which longer pictures are reduced
    overlap = 0.2                    # optional: of a tile's side
    whole = true                     # optional: one look at the whole picture too
    small_px = 640                   # optional: pictures up to this long are seen whole only (default size_px)
    iou = 0.7                        # optional: overlap that suppression in one tile allows (default the family's)
    base = "qly-n.safetensors"       # optional: the same weights to begin a training from, in models/
    like = "qly-n"                   # optional: all keys that are not given here are as in that table
    [qly-n.calibration]              # optional: class -> rows of [raw score, confidence] (`calibration`)
    smoke = [[0.0, 0.0], [0.4, 0.5], [1.0, 1.0]]
    [qly-n.classes]                  # optional: name -> our class; "" drops it (default the name as a path)
    smoke = "smoke/straw"
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.detect.calibration import Calibration, calibration_of
from pipeline.detect.decode import FAMILIES
from pipeline.detect.tiles import Tiling
from pipeline.errors import ModelError
from pipeline.resources import resource
from pipeline.words import CLASSES

MAX_FILE_BYTES = 512 * 1024 * 1024
SUFFIXES = (".onnx", ".xml", ".pt")
DEFAULT_THRESHOLD = 0.25
NEEDED = ("file", "sha256", "family", "names", "size_px", "threshold", "card")
OPTIONAL = (
    "false_alarms",
    "calibration",
    "scales",
    "long_px",
    "overlap",
    "whole",
    "small_px",
    "iou",
    "classes",
    "base",
)
PLAIN, AS_THEY_ARE = Tiling(), Calibration()
CLASS = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Model:
    """What is said about weights before they are opened; None: their file has to say it."""

    name: str
    path: Path
    sha256: str | None = None
    family: str | None = None
    labels: tuple[str, ...] | None = None  # our class of each of the network's, "" where it is dropped
    side_px: tuple[int, int] | None = None  # height, width
    tiling: Tiling = PLAIN
    threshold: float = DEFAULT_THRESHOLD
    false_alarms: tuple[tuple[float, float], ...] = ()  # (a photo, threshold)
    iou: float | None = None
    base: Path | None = None  # a state dict to begin a training from
    calibration: Calibration = AS_THEY_ARE


def find_model(argument: str) -> Model:
    """A model of the registry by its name, or a path to weights; raises ModelError for what is neither."""
    if Path(argument).suffix.lower() in SUFFIXES:
        return Model(Path(argument).stem, Path(argument))
    models = registered()
    if argument not in models:
        known = ", ".join(sorted(models)) or "none yet"
        raise ModelError(
            f"there is no model called {argument!r} in the registry (there are: {known}); "
            f"a path ends in {', '.join(SUFFIXES)}"
        )
    return models[argument]


def alike_tiling(side_px: tuple[int, int], labels: tuple[str, ...]) -> Tiling:
    """How the registry has a network of this input and these classes look at photos; `PLAIN` where it has none.

    Weights that were trained on our tiles are asked about such tiles, whether they are in the registry or not.
    """
    alike = [model for model in registered().values() if (model.side_px, model.labels) == (side_px, labels)]
    return alike[0].tiling if alike else PLAIN


def registered(path: Path | None = None) -> dict[str, Model]:
    """The models of a registry file, by default the one that travels with the program.

    Raises ModelError naming the table and the key that is wrong.
    """
    path = resource("models/registry.toml") if path is None else path
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as why:
        raise ModelError(f"{path.name}: is no TOML file ({why})") from why
    return {name: _model(name, _whole(name, tables, path), path) for name in tables}


def _whole(name: str, tables: Mapping[str, Any], path: Path) -> Any:
    """A table with what it takes over from the one that it is like."""
    table = tables[name]
    if not isinstance(table, dict) or "like" not in table:
        return table
    other = tables.get(table["like"]) if isinstance(table["like"], str) else None
    if not isinstance(other, dict) or "like" in other:
        raise ModelError(f"{path.name}: [{name}] like must name a table that is whole itself, not {table['like']!r}")
    return {**other, **{key: value for key, value in table.items() if key != "like"}}


def _model(name: str, table: Any, path: Path) -> Model:
    where = f"{path.name}: [{name}]"
    if not isinstance(table, dict):
        raise ModelError(f"{where} is not a table")
    unknown, missing = sorted(set(table) - {*NEEDED, *OPTIONAL}), [k for k in NEEDED if k not in table]
    if unknown or missing:
        raise ModelError(f"{where} has unknown keys ({unknown}) or lacks some ({missing})")
    file = _checked(table, "file", where, lambda v: isinstance(v, str) and _plain(v), "a file's name in models/")
    hexes = "64 hexadecimal digits"
    labels = _labels(table, where)
    return Model(
        name=name,
        path=path.parent / file,
        sha256=_checked(table, "sha256", where, lambda v: bool(re.fullmatch("[0-9a-f]{64}", str(v))), hexes),
        family=_checked(table, "family", where, lambda v: v in FAMILIES, " or ".join(FAMILIES)),
        labels=labels,
        side_px=_side(table, where),
        tiling=_tiling(table, where),
        threshold=float(_checked(table, "threshold", where, _share, "a number over 0 and under 1")),
        false_alarms=_alarms(table, where),
        iou=_checked(table, "iou", where, _share, "a number over 0 and under 1") if "iou" in table else None,
        base=_base(table, where, path.parent),
        calibration=_calibration(table, labels, where),
    )


def _base(table: Mapping[str, Any], where: str, folder: Path) -> Path | None:
    if "base" not in table:
        return None
    name = table["base"]
    if not (isinstance(name, str) and Path(name).name == name and Path(name).suffix == ".safetensors"):
        raise ModelError(f"{where} base must be a .safetensors file's name in models/, not {name!r}")
    return folder / name


def _calibration(table: Mapping[str, Any], labels: tuple[str, ...], where: str) -> Calibration:
    rows = _checked(table, "calibration", where, lambda v: isinstance(v, dict), "a table", {})
    strangers = sorted(set(rows) - {label.split("/")[0] for label in labels})
    if strangers:
        raise ModelError(f"{where} calibration: {strangers[0]!r} is no class of this model")
    try:
        return calibration_of(rows)
    except (TypeError, ValueError, OverflowError) as why:
        raise ModelError(f"{where} calibration: {why}") from why


def _checked(table: Mapping[str, Any], key: str, where: str, good: Any, wanted: str, default: Any = None) -> Any:
    value = table.get(key, default)
    if not good(value):
        raise ModelError(f"{where} {key} must be {wanted}, not {value!r}")
    return value


def _plain(name: str) -> bool:
    return Path(name).name == name and Path(name).suffix in (".onnx", ".xml")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 < value < 1


def _labels(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    names = table["names"]
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ModelError(f"{where} names must be a list of words")
    ours = _checked(table, "classes", where, lambda v: isinstance(v, dict), "a table", {})
    strangers = sorted(set(ours) - set(names))
    labels = tuple(ours.get(n, label_of(n, i)) for i, n in enumerate(names))
    wrong = [x for x in labels if not isinstance(x, str) or (x and not CLASS.fullmatch(x))]
    if strangers or wrong:
        raise ModelError(f"{where} classes: {(strangers or wrong)[0]!r} is not a name of the network or not a class")
    return labels


def _side(table: Mapping[str, Any], where: str) -> tuple[int, int]:
    value = table["size_px"]
    sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all(isinstance(s, int) and 32 <= s <= 4096 and s % 32 == 0 for s in sides):
        raise ModelError(f"{where} size_px must be a multiple of 32 up to 4096, or [height, width], not {value!r}")
    return sides[0], sides[1]


def _tiling(table: Mapping[str, Any], where: str) -> Tiling:
    scales = table.get("scales", list(PLAIN.scales))
    if not isinstance(scales, list) or len(scales) > 8 or not all(_number(s) and 0.01 <= s <= 4 for s in scales):
        raise ModelError(f"{where} scales must be up to 8 numbers from 0.01 to 4, not {scales!r}")
    longs = table.get("long_px", [])
    if not isinstance(longs, list) or len(longs) > 8 or not all(isinstance(v, int) and 32 <= v <= 65536 for v in longs):
        raise ModelError(f"{where} long_px must be up to 8 whole numbers from 32 to 65536, not {longs!r}")
    if longs and "scales" in table:
        raise ModelError(f"{where} has scales and long_px; only one of them can say how pictures are cut")
    overlap = _checked(table, "overlap", where, lambda v: _number(v) and 0 <= v <= 0.8, "0 to 0.8", PLAIN.overlap)
    whole = _checked(table, "whole", where, lambda v: isinstance(v, bool), "true or false", PLAIN.whole)
    small = _checked(table, "small_px", where, lambda v: v is None or (isinstance(v, int) and v > 0), "whole pixels")
    return Tiling(tuple(float(s) for s in scales), tuple(longs), float(overlap), whole, small)


def _alarms(table: Mapping[str, Any], where: str) -> tuple[tuple[float, float], ...]:
    rows = table.get("false_alarms", [])
    good = isinstance(rows, list) and all(
        isinstance(r, list) and len(r) == 2 and _number(r[0]) and r[0] >= 0 and _share(r[1]) for r in rows
    )
    if not good:
        raise ModelError(f"{where} false_alarms must be rows of [false alarms a photo, threshold]")
    return tuple(sorted((float(rate), float(threshold)) for rate, threshold in rows))


def threshold_of(model: Model, false_alarms_per_photo: float | None) -> float:
    """The lowest threshold whose measured false alarms a photo are not more than wished; None: the default.

    Raises ModelError when nothing was measured, or nothing so quiet.
    """
    if false_alarms_per_photo is None:
        return model.threshold
    if not false_alarms_per_photo > 0:
        raise ModelError(f"false alarms per photo must be more than 0, not {false_alarms_per_photo}")
    if not model.false_alarms:
        raise ModelError(f"yolo:{model.name}: its false alarms a photo were never measured; leave that wish out")
    quiet = [threshold for rate, threshold in model.false_alarms if rate <= false_alarms_per_photo]
    if not quiet:
        least = model.false_alarms[0]
        raise ModelError(
            f"yolo:{model.name}: the fewest false alarms that were measured are {least[0]:g} a photo; "
            f"{false_alarms_per_photo:g} cannot be promised"
        )
    return min(quiet)


def read_weights(model: Model) -> tuple[bytes, ...]:
    """The bytes of the weights (.xml with its .bin), whole.

    Raises ModelError when they are missing, huge or not those of the registry.
    """
    paths = [model.path] + ([model.path.with_suffix(".bin")] if model.path.suffix.lower() == ".xml" else [])
    parts = tuple(_bytes(p) for p in paths)
    if model.sha256 is not None and digest_of(parts) != model.sha256:
        raise ModelError(f"{model.path.name}: its SHA-256 is not the registry's; install qianliyan again")
    return parts


def digest_of(parts: tuple[bytes, ...]) -> str:
    """SHA-256 of a model's files, one after the other."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part)
    return sha.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ModelError(f"{path}: there is no such file of weights")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path.name}: more than the {MAX_FILE_BYTES >> 20} MiB allowed for weights")
        return path.read_bytes()
    except OSError as why:
        raise ModelError(f"{path}: cannot be read ({why.strerror or why})") from why


def label_of(name: str, index: int) -> str:
    """A network's own name for a class as a class path: "Traffic Light" -> "traffic-light", "烟雾" -> "smoke"."""
    chinese = {words[0]: path for path, words in CLASSES.items()}
    if name in chinese:
        return chinese[name]
    levels = [re.sub(r"[^a-z0-9]+", "-", level.lower()).strip("-") for level in name[:60].split("/")]
    return "/".join(x for x in levels if x) or f"class-{index}"
