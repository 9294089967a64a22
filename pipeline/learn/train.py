"""Training: ultralytics' YOLOv5 nano (its anchor-free head) from a state dict, resumable, within a time.

RUN/data/…            the data set, where one was made (`dataset`)
RUN/train.json        options, versions, how many tensors the base gave, epochs; "done" at the end
RUN/fit/…             ultralytics' own folder: weights/last.pt after every epoch, results.csv
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.detect.models import registered
from pipeline.detect.trusted import awake
from pipeline.errors import ModelError, OutputError
from pipeline.files import write_bytes_atomic
from pipeline.learn.half import can_halve, halved

ARCHITECTURE = "yolov5n.yaml"
MAX_BASE_BYTES = 512 * 1024 * 1024
MISSING = "training and exporting need the extra: pip install 'qianliyan[train]'"
# Chosen before the first training, by what the pictures are; not searched for.
FIXED: dict[str, Any] = {
    "optimizer": "AdamW", "lr0": 0.00125, "lrf": 0.02, "cos_lr": True, "warmup_epochs": 1.0, "warmup_bias_lr": 0.01,
    "momentum": 0.9, "mosaic": 0.7, "flipud": 0.25, "fliplr": 0.5, "scale": 0.5, "translate": 0.1, "degrees": 0.0,
    "hsv_s": 0.4, "amp": False, "plots": False, "patience": 0, "deterministic": True, "cache": "ram",
}  # fmt: skip
# For weights that are good already: steps that turn them, and do not throw them out first.
GENTLE: dict[str, Any] = {"lr0": 0.0003, "lrf": 0.05, "warmup_bias_lr": 0.0003, "mosaic": 0.4}
BETWEEN = "between.pt"  # in a run: weights that were taken in place of the training's own (`between`)
CLOSE_MOSAIC = 0.15  # of the epochs, the last ones: whole pictures only


@dataclass(frozen=True, slots=True)
class Options:
    """How to train. `hours` ends the training in time: the epochs are planned anew after each one."""

    data: str
    base: str | None = None
    size_px: int = 320
    epochs: int = 100
    hours: float | None = None
    batch: int = 16
    threads: int = 1
    device: str = "cpu"
    seed: int = 1
    choose: bool = True  # the epoch that does best on the data set's `watch`; False: the last one
    half: bool | None = None  # convolutions in bfloat16; None: on a processor that computes in it
    gentle: bool = False  # small steps, for a base that knows these classes


def woken() -> tuple[Any, Any]:
    """torch and ultralytics; raises ModelError where the extra is not installed."""
    try:
        with same_environment():
            return awake()
    except ImportError as why:
        raise ModelError(MISSING) from why


def train(options: Options, run: Path) -> Path:
    """Train into a new run folder and return its weights.

    Raises ModelError for what cannot be trained, and OutputError where the folder has a training.
    """
    torch, _ = woken()
    run.mkdir(parents=True, exist_ok=True)
    if (run / "train.json").exists():
        raise OutputError(f"{run}: a training is there already; go on with it by --resume, or name another folder")
    base = read_base(state_of(options.base)) if options.base else {}
    _note(run, {"options": asdict(options), "architecture": ARCHITECTURE, "fixed": FIXED,
                "versions": versions(torch), "done": False})  # fmt: skip
    overrides = _overrides(options, run)
    return _fit(overrides, base, options, run)


def resume(run: Path, hours: float | None = None) -> Path:
    """Go on with a training that was cut off, and return its weights.

    `hours` is the time from now on; None: what was asked for at the start.
    """
    told = read_note(run)
    options = Options(**{**told["options"], **({} if hours is None else {"hours": hours})})
    if told.get("done"):
        raise ModelError(f"{run}: this training is done")
    last = run / "fit" / "weights" / "last.pt"
    if not last.is_file():
        raise ModelError(f"{run}: was cut off before its first epoch was done; train anew into another folder")
    woken()
    return _fit({**_overrides(options, run), "resume": str(last)}, {}, options, run)


def read_note(run: Path) -> dict[str, Any]:
    """What train.json says; raises ModelError where there is none."""
    try:
        told = json.loads((run / "train.json").read_bytes())
        Options(**told["options"])
    except (OSError, ValueError, TypeError, KeyError) as why:
        raise ModelError(f"{run}: holds no training (train.json cannot be read)") from why
    return dict(told)


def weights_of(run: Path) -> Path:
    """The weights that a training ended with: of its best epoch where it was to choose, else of its last.

    Those between its base and these where only they were accepted.
    """
    if (run / BETWEEN).is_file():
        return run / BETWEEN
    told, folder = read_note(run), run / "fit" / "weights"
    chosen = told.get("done") and Options(**told["options"]).choose
    return folder / ("best.pt" if chosen and (folder / "best.pt").is_file() else "last.pt")


def _note(run: Path, told: Mapping[str, Any]) -> None:
    text = json.dumps({"schema_version": 1, **told}, ensure_ascii=False, indent=1) + "\n"
    write_bytes_atomic(run / "train.json", text.encode())


def versions(torch: Any) -> dict[str, str]:
    """Of what decides a training's outcome."""
    from importlib.metadata import version

    return {"torch": str(torch.__version__), **{name: version(name) for name in ("ultralytics", "numpy")}}


def state_of(base: str) -> Path:
    """The state dict of a model of the registry, or a path to one; raises ModelError for a model without one."""
    if base.lower().endswith(".safetensors"):
        return Path(base)
    models = registered()
    if base not in models:
        known = ", ".join(sorted(models))
        raise ModelError(f"there is no model called {base!r} (there are: {known}); a path ends in .safetensors")
    path = models[base].base
    if path is None or not path.is_file():
        raise ModelError(f"{base}: there is no state dict of it to begin from (base in the registry)")
    return path


def read_base(path: Path) -> dict[str, Any]:
    """A state dict of float32 tensors; a safetensors file holds no code. Raises ModelError for anything else."""
    try:
        safetensors, load = import_module("safetensors"), import_module("safetensors.torch").load
    except ImportError as why:
        raise ModelError(MISSING) from why
    if path.suffix.lower() != ".safetensors":
        raise ModelError(f"{path.name}: a base must be a .safetensors file, which holds no code")
    try:
        if path.stat().st_size > MAX_BASE_BYTES:
            raise ModelError(f"{path.name}: more than the {MAX_BASE_BYTES // 1024**2} MB allowed")
        tensors = load(path.read_bytes())
    except (OSError, safetensors.SafetensorError) as why:
        raise ModelError(f"{path.name}: cannot be read as safetensors ({why})") from why
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def fill(network: Any, base: Mapping[str, Any]) -> tuple[int, int]:
    """Put the tensors of the same name and shape into a network: (how many of its own, how many it has)."""
    own = network.state_dict()
    same = {name: t for name, t in base.items() if name in own and own[name].shape == t.shape}
    network.load_state_dict(same, strict=False)
    return len(same), len(own)


def _overrides(options: Options, run: Path) -> dict[str, Any]:
    # Without `nbs` ultralytics gathers 64 pictures for one step, which a training of minutes cannot spare.
    return {**FIXED, **(GENTLE if options.gentle else {}), "model": ARCHITECTURE,
            "data": str(Path(options.data).absolute()), "imgsz": options.size_px,
            "epochs": options.epochs, "batch": options.batch, "nbs": options.batch,
            "device": options.device, "seed": options.seed,
            "close_mosaic": max(1, round(CLOSE_MOSAIC * options.epochs)),
            "val": options.choose, "workers": 0 if options.device == "cpu" else 8,
            "project": str(run.absolute()), "name": "fit", "exist_ok": True}  # fmt: skip


def _fit(overrides: dict[str, Any], base: Mapping[str, Any], options: Options, run: Path) -> Path:
    half = can_halve(import_module("torch")) if options.half is None else options.half
    with safe_ultralytics(), halved(half and options.device == "cpu"):
        trainer = _trainer(overrides, base, run)
        _plan(trainer, options)
        trainer.train()
    told = read_note(run)
    _note(run, {**told, "options": asdict(options), "epochs_done": trainer.epoch + 1, "done": True})
    return weights_of(run)


def _trainer(overrides: dict[str, Any], base: Mapping[str, Any], run: Path) -> Any:
    from ultralytics.models.yolo.detect import DetectionTrainer

    class Trainer(DetectionTrainer):  # type: ignore[misc]
        """Starts from a state dict, which ultralytics itself takes only from a pickle."""

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            network = super().get_model(cfg, weights, False)
            if weights is None and base:
                loaded, of = fill(network, base)
                _note(run, {**read_note(run), "base_tensors": loaded, "network_tensors": of})
                print(f"{loaded} of {of} tensors from the base", flush=True)
            return network

    try:
        return Trainer(overrides=overrides)
    except (FileNotFoundError, RuntimeError, SyntaxError) as why:
        raise ModelError(f"ultralytics refuses this training: {str(why).strip().splitlines()[-1]}") from why


def _plan(trainer: Any, options: Options) -> None:
    """Threads, and the number of epochs that fit into the time."""
    import torch

    started: list[float] = []

    def start(_: Any) -> None:
        torch.set_num_threads(options.threads)
        trainer.model.to(memory_format=torch.channels_last)
        started.append(time.monotonic())

    def plan(t: Any) -> None:
        if options.hours is None:
            return
        spent, done = time.monotonic() - started[0], t.epoch + 1 - t.start_epoch
        left = int((options.hours * 3600 - spent) / (spent / done))
        t.epochs = t.args.epochs = min(options.epochs, t.epoch + 1 + max(0, left))
        t.args.close_mosaic = max(1, round(CLOSE_MOSAIC * t.epochs))
        t._setup_scheduler()
        t.scheduler.last_epoch = t.epoch
        t.stop |= t.epoch + 1 >= t.epochs

    trainer.add_callback("on_train_start", start)
    trainer.add_callback("on_fit_epoch_end", plan)


@contextmanager
def safe_ultralytics() -> Iterator[None]:
    """Ultralytics for a while without what runs code: checkpoints are read safely, caches of labels not at all.

    Its caches lie beside the labels and are pickles.
    """
    from ultralytics.data import dataset
    from ultralytics.nn import tasks

    before = tasks.SAFE_LOAD, dataset.load_dataset_cache_file
    tasks.SAFE_LOAD, dataset.load_dataset_cache_file = True, _no_cache
    try:
        with same_environment():
            yield
    finally:
        tasks.SAFE_LOAD, dataset.load_dataset_cache_file = before


@contextmanager
def same_environment() -> Iterator[None]:
    """Ultralytics and what it wakes set environment variables: afterwards they are as they were."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _no_cache(path: Path) -> Any:
    raise FileNotFoundError(path)
