"""A model goes on learning from officers' verdicts, and is refused when it got worse.

RUN/from.json        what was asked for
RUN/reviews/         the verdicts as a data set with its version (`reviews`)
RUN/rehearsal/       tiles drawn over photos, where they were asked for (`dataset`)
RUN/data/            both together, what is learned from (`mix`)
RUN/train.json, fit/ the training (`train`)
RUN/accepted.onnx    the new weights when they are no worse by the rule in `compare`; else RUN/refused.onnx
RUN/between.pt       where only weights on the way to the new ones were accepted: these (`between`)
RUN/compare.json     old and new on what was held out, and why
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.detect.models import find_model
from pipeline.detect.yolo import Yolo
from pipeline.errors import MissionError, ModelError
from pipeline.files import write_bytes_atomic, write_json_atomic
from pipeline.learn.between import SHARES, worth_trying, write_between
from pipeline.learn.compare import compare, held_out_boxes, known_classes
from pipeline.learn.dataset import Recipe, build
from pipeline.learn.evaluate import asked_of
from pipeline.learn.export import export
from pipeline.learn.mix import mix, read_mixed
from pipeline.learn.refusal import beforehand
from pipeline.learn.reviews import build_reviews
from pipeline.learn.tiles import CLASSES
from pipeline.learn.train import (
    ARCHITECTURE,
    BETWEEN,
    Options,
    fill,
    read_base,
    read_note,
    resume,
    safe_ultralytics,
    state_of,
    train,
    woken,
)

SCHEMA_VERSION = 1
EPOCHS, TILES = 8, 1280  # fewer steps than from scratch, and much that is not to be forgotten
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to learn from, from where on, and what to compare with."""

    reviews: tuple[str, ...]
    base: str = "qly-n"  # a model of the registry that has a base, or a state dict in .safetensors
    against: str | None = None  # the model to compare with; None: the one of the base
    originals: tuple[str, ...] = ()  # folders with the photos that the runs looked at
    rehearse: tuple[str, ...] = ()  # data sets; what they hold out is compared on too
    photos: tuple[str, ...] = ()  # to draw over, to rehearse
    held_out: tuple[str, ...] = ()  # photos to draw over for the comparison alone
    tiles: int = TILES
    test_tiles: int = 240
    size_px: int = 320
    epochs: int = EPOCHS
    hours: float | None = None
    batch: int = 16
    threads: int = 1
    device: str = "cpu"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the new weights."""

    accepted: bool
    weights: Path
    told: dict[str, Any]


def fine_tune(wish: Wish, run: Path, tell: Tell = lambda stage, done, total: None) -> Outcome:
    """Learn from verdicts into a new run folder and compare.

    What the comparison will need is asked for before the training, which takes hours. Raises ModelError for weights
    that cannot be used, MissionError where nothing was judged or too little is held out to tell what is forgotten,
    OutputError for a folder that has a training.
    """
    woken()
    base, old = base_of(wish)
    known = CLASSES if old is None else known_classes(Yolo(str(find_model(old).path)).labels)
    run.mkdir(parents=True, exist_ok=True)
    build_reviews(_paths(wish.reviews), run / "reviews", _paths(wish.originals), wish.size_px, tell)
    write_json_atomic(run / "from.json", {"schema_version": SCHEMA_VERSION, "wish": asdict(wish)})
    if wish.photos:
        recipe = Recipe(photos=wish.photos, held_out=wish.held_out, size_px=wish.size_px, tiles=wish.tiles,
                        test_tiles=wish.test_tiles, seed=wish.seed)  # fmt: skip
        build(recipe, run / "rehearsal", tell, wish.threads)
    if not asked_of([run / "reviews", *_rehearsed(wish, run)]).sets:
        raise MissionError("nothing is held out: no verdict lies at a held-out place; name a data set with --rehearse")
    mixed = mix(run / "reviews", _rehearsed(wish, run), run / "data", wish.seed)
    why = beforehand(known, held_out_boxes([run / "reviews", *_rehearsed(wish, run)]), mixed.learned)
    if why:
        raise MissionError(f"the new weights would be refused: {'; '.join(why)}")
    train(Options(str(mixed.data_yaml), str(base), wish.size_px, wish.epochs, wish.hours, wish.batch, wish.threads,
                  wish.device, wish.seed, gentle=True), run)  # fmt: skip
    return _compared(wish, run, tell)


def go_on(run: Path, hours: float | None, tell: Tell = lambda stage, done, total: None) -> Outcome:
    """Go on with one that was cut off, in its training or after it."""
    wish = read_wish(run)
    if not read_note(run).get("done"):
        resume(run, hours)
    return _compared(wish, run, tell)


def read_wish(run: Path) -> Wish:
    """What from.json says; raises ModelError where there is none."""
    try:
        told: dict[str, Any] = json.loads((run / "from.json").read_bytes())["wish"]
        wish: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
        return Wish(**wish)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as why:
        raise ModelError(f"{run}: was not begun from verdicts (from.json cannot be read)") from why


def base_of(wish: Wish) -> tuple[Path, str | None]:
    """(state dict to begin from, the model it belongs to or None); raises ModelError for a model without one."""
    path = state_of(wish.base)
    return path, wish.against or (None if path == Path(wish.base) else wish.base)


def _compared(wish: Wish, run: Path, tell: Tell) -> Outcome:
    """Export, compare with the old model, and keep the weights under the name that they earned.

    Where only what they forgot speaks against them, those between old and new are asked, the farthest first.
    """
    base, old = base_of(wish)
    mixed = read_mixed(run / "data")
    (run / BETWEEN).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder:
        against = old or str(as_onnx(base, wish.size_px, Path(folder) / "old.onnx"))

        def asked(share: float) -> tuple[Path, dict[str, Any]]:
            made = export(run, Path(folder) / f"new-{share:g}.onnx").path
            told = compare(against, str(made), [run / "reviews", *_rehearsed(wish, run)], tell, mixed.learned)
            return made, {**told, "share": share}

        made, told = asked(1.0)
        for share in SHARES if not told["accepted"] and worth_trying(told) else ():
            if not write_between(base, run, share, wish.size_px):
                break
            nearer = asked(share)
            if nearer[1]["accepted"]:
                made, told = nearer
                break
            (run / BETWEEN).unlink()
        weights = _kept(made, run, bool(told["accepted"]))
    told["rehearsal_left_out"] = mixed.left_out
    told["verdicts_version"] = json.loads((run / "reviews" / "lists.json").read_bytes())["version"]
    write_json_atomic(run / "compare.json", told)
    return Outcome(bool(told["accepted"]), weights, told)


def _kept(made: Path, run: Path, accepted: bool) -> Path:
    names = ("accepted.onnx", "refused.onnx") if accepted else ("refused.onnx", "accepted.onnx")
    write_bytes_atomic(run / names[0], made.read_bytes())
    (run / names[1]).unlink(missing_ok=True)
    return run / names[0]


def as_onnx(base: Path, size_px: int, out: Path) -> Path:
    """A whole state dict as weights that our engine opens; raises ModelError for one of another network."""
    torch, _ = woken()
    from ultralytics.nn.tasks import DetectionModel

    with safe_ultralytics():
        network = DetectionModel(ARCHITECTURE, nc=len(CLASSES), verbose=False)
        same, of = fill(network, read_base(base))
        if same < of:
            raise ModelError(f"{base.name}: only {same} of {of} tensors are there; name a model with --against")
        network.names = dict(enumerate(CLASSES))
        torch.save({"model": network, "train_args": {"imgsz": size_px}}, out.with_suffix(".pt"))
    return export(out.with_suffix(".pt"), out).path


def _rehearsed(wish: Wish, run: Path) -> list[Path]:
    return [*_paths(wish.rehearse), *([run / "rehearsal"] if wish.photos else [])]


def _paths(names: tuple[str, ...]) -> list[Path]:
    return [Path(name) for name in names]
