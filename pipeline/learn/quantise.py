"""A network in 8 bits: OpenVINO IR, quantised on real tiles, and written only where it finds as well as in float.

What is quantised with how much of the network left in float is tried in the order of `LADDER`, the fastest first; the
first one that passes is taken. Needs nncf and openvino and, for a training's own weights, the extra `train`.
"""

from __future__ import annotations

import io
import logging
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.detect.engine import names_told
from pipeline.detect.models import PLAIN, digest_of
from pipeline.detect.openvino import silent
from pipeline.detect.tiles import Pass, Tiling, letterbox, passes, resized
from pipeline.detect.yolo import Yolo, network_input
from pipeline.errors import MissionError, ModelError, OutputError
from pipeline.files import write_bytes_atomic
from pipeline.learn.equalise import equalise
from pipeline.learn.int8_gate import Precisions, known_pictures, lost_in, precisions_by_set
from pipeline.learn.labels import pictures_under
from pipeline.learn.rounding import round_weights

MISSING = "an export with --int8 needs nncf and openvino: pip install nncf openvino, in an environment of its own"
TILES = 240  # that the ranges of numbers are taken from
SEED = 1
MOST_BYTES = 14_000_000  # .xml and .bin together
RUNNING_NUMBER = re.compile(r"[A-Za-z]+_\d+")  # in names that this process gave
FIRST, LAST = r"/model\.[012]/.*", (r"HEAD(?!.*/(conv|act)/).*", r"HEADdfl/.*")
# Name -> what stays in float, as patterns of layers' names; HEAD is the last block of ultralytics' networks. Tried in
# this order, the fastest first. The last layers decide the boxes and take hardly any time. The first ones answer with
# a few very large numbers among small ones, which 8 bits hold badly; they take a fifth more, the head twice as much.
LADDER: dict[str, tuple[str, ...]] = {
    "the last layers": LAST,
    "the first two and the last layers": (r"/model\.[01]/.*", *LAST),
    "the first three and the last layers": (FIRST, *LAST),
    "the first layers and the head": (FIRST, "HEAD.*"),
}
Tell = Callable[[str, int, int], None]
Looks = list[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Quantised:
    """What was written, and how well it finds beside the network in float."""

    path: Path
    sha256: str  # of .xml and .bin one after the other, as the registry wants it
    bytes: int
    in_float: str
    before: Precisions
    after: Precisions


def quantise(
    source: Path, out: Path, tiles: Sequence[Path], data: Sequence[Path], tell: Tell = lambda stage, done, total: None
) -> Quantised:
    """Write a training, a .pt or an .onnx as `out` (.xml) with its .bin.

    `tiles` hold the pictures for the ranges (of a data set its training pictures), as many of each folder: give all
    kinds that it was trained on. `data` hold those with known boxes. Raises ModelError when every trial loses more
    than MOST_LOST of a class's average precision in one of their sets: nothing is written then.
    """
    _must_be_new(out)
    woken()
    sets = known_pictures(data)
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder:
        network = _onnx(source, Path(folder))
        side_px, names, tiling = _opened(network, source.name)
        shown = looks(tiles, side_px, TILES, SEED, tell, tiling)
        before = precisions_by_set(network, sets, lambda done, total: tell("float", done, total))
        losses = []
        for in_float in LADDER:
            trial = saved(in_8_bits(network, shown, in_float), names, Path(folder) / "int8.xml")
            after = precisions_by_set(trial, sets, lambda done, total: tell("int8", done, total))
            if not (lost := lost_in(before, after)):
                parts = _written(trial, out)
                return Quantised(out, digest_of(parts), sum(map(len, parts)), in_float, before, after)
            losses.append(f"with {in_float} in float {lost}")
    raise ModelError(f"{source.name}: in 8 bits it finds worse: {'; '.join(losses)}; nothing is written")


def woken() -> tuple[Any, Any]:
    """openvino and nncf; raises ModelError where they are not installed."""
    try:
        with silent(), redirect_stdout(io.StringIO()):
            nncf: Any = import_module("nncf")  # no extra can name it: it wants an older pandas than ours
            import openvino
    except ImportError as why:
        raise ModelError(f"{MISSING} ({why.name or why})") from why
    nncf.set_log_level(logging.ERROR)
    return openvino, nncf


def _must_be_new(out: Path) -> None:
    if out.suffix.lower() != ".xml":
        raise OutputError(f"{out}: name a file that ends in .xml")
    for path in (out, out.with_suffix(".bin")):
        if path.exists():
            raise OutputError(f"{path}: is there already")


def _onnx(source: Path, folder: Path) -> Path:
    """The network as ONNX: a copy of the file that is given, or exported."""
    path = folder / "float.onnx"
    if source.suffix.lower() == ".onnx":
        path.write_bytes(imagery.read_bytes(source))
        return path
    from pipeline.learn.export import export

    return export(source, path).path


def _opened(network: Path, name: str) -> tuple[tuple[int, int], tuple[str, ...], Tiling]:
    """Its input (height, width), classes and tiles; opened the usual way, which refuses what is no YOLO we know."""
    yolo = Yolo(str(network))
    names = names_told(yolo.engine.told)
    if yolo.engine.side_px is None or names is None:
        raise ModelError(f"{name}: takes pictures of any size, or does not name its classes; export it with qianliyan")
    return yolo.engine.side_px, names, yolo.tiling


def looks(
    tiles: Sequence[Path], side_px: tuple[int, int], count: int, seed: int, tell: Tell, tiling: Tiling = PLAIN
) -> Looks:
    """`count` inputs of the network, (1, 3, h, w), out of the pictures in folders, cut as the detector cuts them.

    As many come from each folder, in an order that mixes them. The same pictures and seed give the same inputs.
    """
    rng = np.random.default_rng(seed)
    shares = _shares(count, len(tiles))
    chosen = [pair for folder, share in zip(tiles, shares, strict=True) for pair in _chosen(folder, share, rng)]
    found: Looks = []
    for n, (path, share) in enumerate(chosen, 1):
        image = imagery.decode(imagery.read_bytes(path), path.name)
        cuts = _cuts(image, passes(image.shape[1], image.shape[0], side_px, tiling), share, rng)
        found += [network_input(letterbox(cut, side_px, True)[0], False) for cut in cuts]
        tell("tiles", n, len(chosen))
    return [found[i] for i in rng.permutation(len(found))]


def _chosen(folder: Path, count: int, rng: np.random.Generator) -> list[tuple[Path, int]]:
    """Pictures of a folder, and how many tiles of each."""
    pictures = _calibrating(folder)
    order = [pictures[i] for i in rng.permutation(len(pictures))[:count]]
    return list(zip(order, _shares(count, len(order)), strict=True))


def _shares(count: int, parts: int) -> list[int]:
    return [count // parts + (n < count % parts) for n in range(parts)]


def _calibrating(tiles: Path) -> list[Path]:
    """Pictures of a folder; of a data set those it trains on, since the others are there to ask about."""
    folder = tiles.parent if tiles.is_file() else tiles
    listed = folder / "train.txt"
    if listed.is_file():
        lines = listed.read_text(encoding="utf-8").split("\n")
        return [folder / line.strip() for line in lines if line.strip()]
    found = pictures_under(folder)
    if not found:
        raise MissionError(f"{folder}: no pictures to take tiles from")
    return found


def _cuts(
    image: imagery.Image, wanted: Sequence[Pass], count: int, rng: np.random.Generator
) -> Iterator[imagery.Image]:
    """`count` of a picture's tiles (all of them where there are fewer), the look at the whole among them."""
    cuts = [(look, tile) for look in wanted for tile in look.tiles]
    for i in rng.permutation(len(cuts))[:count]:
        look, tile = cuts[i]
        yield np.ascontiguousarray(resized(image, look)[tile.y0 : tile.y1, tile.x0 : tile.x1])


def in_8_bits(network: Path, shown: Looks, in_float: str) -> Any:
    """The network with 8 bit weights and activations, what `in_float` names left out."""
    openvino, nncf = woken()
    # Unlike read_model, this makes one layer of x · sigmoid(x), which then runs as a part of the convolution before it.
    read = openvino.convert_model(str(network))
    equalise(openvino, read, shown)
    names = [operation.get_friendly_name() for operation in read.get_ordered_ops()]
    numbers = [int(found[1]) for name in names if (found := re.match(r"/model\.(\d+)/", name))]
    head = f"/model\\.{max(numbers, default=0)}/"
    scope = nncf.IgnoredScope(patterns=[p.replace("HEAD", head) for p in LADDER[in_float]], validate=False)
    # By default ranges are means over the tiles, most of which are empty: what is sought would be cut off.
    widest = nncf.quantization.range_estimator.RangeEstimatorParametersSet.MINMAX
    how = nncf.AdvancedQuantizationParameters(activations_range_estimator_params=widest, disable_bias_correction=True)
    preset = nncf.QuantizationPreset.MIXED
    with redirect_stdout(io.StringIO()):  # its progress
        quantised = nncf.quantize(
            read.clone(),
            nncf.Dataset(shown),
            preset=preset,
            subset_size=len(shown),
            ignored_scope=scope,
            advanced_parameters=how,
        )
    round_weights(openvino, read, quantised, shown)  # which corrects biases, too
    return quantised


def saved(quantised: Any, names: Sequence[str], path: Path) -> Path:
    """As IR that carries its classes' names, and nothing of the machine or of this process."""
    openvino, _ = woken()
    told = quantised.rt_info
    for key in [key for key in told.keys() if key != "nncf"]:  # noqa: SIM118 (it is no dict)
        del told[key]
    quantised.set_rt_info(" ".join(re.sub(r"\s", "_", name) for name in names), ["model_info", "labels"])
    for number, operation in enumerate(quantised.get_ordered_ops()):
        if RUNNING_NUMBER.fullmatch(operation.get_friendly_name()):
            operation.set_friendly_name(f"{operation.get_type_name()}_{number}")
    openvino.save_model(quantised, path, compress_to_fp16=True)
    return path


def _written(trial: Path, out: Path) -> tuple[bytes, bytes]:
    """Both files at their place, the one that is opened by its name last."""
    parts = trial.read_bytes(), trial.with_suffix(".bin").read_bytes()
    if sum(map(len, parts)) > MOST_BYTES:
        raise ModelError(f"{out.name}: with its .bin is larger than the {MOST_BYTES // 10**6} MB that are allowed")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(out.with_suffix(".bin"), parts[1])
    write_bytes_atomic(out, parts[0])
    return parts
