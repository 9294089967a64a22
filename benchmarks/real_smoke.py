"""Real smoke in folds: each part of the scenes is asked about by weights that never saw it.

    python -m benchmarks.real_smoke PICTURES… --base FILE.safetensors -o FOLDER [--scenes FILE.toml] [--folds 5]
        [--only 1,2] [--rehearse DATA [--rehearse-tiles 1200]] [--negatives FOLDER…] [--epochs 3] [--repeat 2]
        [--gentle] [--threads 2] [--json FILE]

It needs the extra `train`. PICTURES are folders of labelled pictures; scenes (frames of one film, neighbours, pictures
that look alike) stay together, see pipeline/learn/scenes.py; what eyes found of them is in benchmarks/real_smoke.toml,
which is made for the shared sets. Every fold begins from the same base, which must not have seen any of them, and
learns from the other folds, from tiles of another data set (DATA, so that it forgets nothing) and from pictures of
nothing. Our own engine is asked: average precision at IoU 0.3 and 0.5 of each fold, their mean and range.

    FOLDER/K/data, run       what the fold learns from, and its training
    FOLDER/K/fold.onnx       its weights, and fold.safetensors to go on from; eval.json: what was asked of them

What is done is not done again: a call that was cut off is called again. Other options want another folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import imagery
from pipeline.errors import PipelineError
from pipeline.files import write_bytes_atomic, write_json_atomic
from pipeline.learn.dataset import Recipe, build
from pipeline.learn.evaluate import evaluate, write_figures
from pipeline.learn.scene_table import read_scene_table
from pipeline.learn.train import Options, read_note, resume, train

TABLE = Path(__file__).with_suffix(".toml")
IOUS = ("ap_0.3", "ap_0.5")


@dataclass(frozen=True, slots=True)
class Wish:
    """What all folds have in common."""

    recipe: Recipe  # without the fold
    base: str
    base_sha256: str
    folds: int
    rehearse: str | None
    rehearse_tiles: int | None
    epochs: int
    gentle: bool
    threads: int


def main() -> None:
    given = arguments().parse_args()
    try:
        wish = wish_of(given)
        numbers = [int(k) for k in given.only.split(",")] if given.only else list(range(1, given.folds + 1))
        told = summary([fold(k, wish, given.output / str(k)) for k in numbers])
    except PipelineError as why:
        raise SystemExit(str(why)) from why
    print(table(told))
    if given.json:
        write_json_atomic(
            given.json, {"base_sha256": wish.base_sha256, "epochs": wish.epochs, "of": wish.folds, **told}
        )


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--base", required=True, type=Path)
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--scenes", type=Path, default=TABLE)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", help="some of the folds: 1,3")
    parser.add_argument("--rehearse", type=Path, help="folder of a data set")
    parser.add_argument("--rehearse-tiles", type=int, help="as many lines of its train.txt, evenly")
    parser.add_argument("--negatives", nargs="+", type=Path, default=[])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--gentle", action="store_true", help="small steps, as train --gentle")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser


def wish_of(given: argparse.Namespace) -> Wish:
    """What was asked for. No picture chooses an epoch (`watch_share`): the last one is taken."""
    pictures, negatives = (tuple(p.absolute().as_posix() for p in paths) for paths in (given.pictures, given.negatives))
    recipe = Recipe(
        pictures, repeat=given.repeat, negatives=negatives, watch_share=0.0, scenes=read_scene_table(given.scenes)
    )
    return Wish(
        recipe, given.base.absolute().as_posix(), imagery.sha256(given.base.read_bytes()), given.folds,
        given.rehearse.absolute().as_posix() if given.rehearse else None, given.rehearse_tiles,
        given.epochs, given.gentle, given.threads,
    )  # fmt: skip


def fold(number: int, wish: Wish, folder: Path) -> dict[str, Any]:
    """The figures of one part; what is there from an earlier call is not done again."""
    weights, done = folder / "fold.onnx", folder / "eval.json"
    check_same(wish, folder)
    if not weights.is_file():
        learn(number, wish, folder)
    if not done.is_file():
        write_figures(evaluate(str(weights), [folder / "data"]), folder)
    smoke = json.loads(done.read_bytes())["sets"]["real"]
    return {"fold": number, "pictures": smoke["pictures"], "boxes": smoke["smoke"]["boxes"],
            **{iou: smoke["smoke"][iou] for iou in IOUS}}  # fmt: skip


def check_same(wish: Wish, folder: Path) -> None:
    """Keep what was asked for beside what comes of it; ends the program where that was something else."""
    note, asked = folder / "fold.json", json.loads(json.dumps(asdict(wish) | {"threads": 0}))
    if note.is_file() and json.loads(note.read_bytes()) != asked:
        raise SystemExit(f"{folder}: was begun with other options; name another folder with -o")
    folder.mkdir(parents=True, exist_ok=True)
    write_json_atomic(note, asked)


def learn(number: int, wish: Wish, folder: Path) -> None:
    """Build, train or go on training, and export."""
    from pipeline.learn.export import export
    from pipeline.learn.state import write_state

    data, run = folder / "data", folder / "run"
    if not (folder / "data.whole").is_file():
        shutil.rmtree(data, ignore_errors=True)
        gather(number, wish, data)
        write_bytes_atomic(folder / "data.whole", b"")
    if not cut_off(run):
        shutil.rmtree(run, ignore_errors=True)
        train(Options(str(data), wish.base, epochs=wish.epochs, threads=wish.threads, choose=False,
                      gentle=wish.gentle), run)  # fmt: skip
    elif not read_note(run)["done"]:
        resume(run)
    (folder / "fold.safetensors").unlink(missing_ok=True)
    write_state(run, folder / "fold.safetensors")
    export(run, folder / "fold.onnx")


def cut_off(run: Path) -> bool:
    """Whether a training is there that is done or can be gone on with."""
    return (run / "train.json").is_file() and (run / "fit" / "weights" / "last.pt").is_file()


def gather(number: int, wish: Wish, data: Path) -> None:
    """What a fold learns from and is asked about, in a new folder."""
    build(replace(wish.recipe, fold=(number, wish.folds)), data)
    own = (data / "train.txt").read_text(encoding="utf-8").splitlines()
    also = rehearsed(Path(wish.rehearse), wish.rehearse_tiles) if wish.rehearse else []
    (data / "train.txt").write_text("".join(f"{line}\n" for line in own + also), encoding="utf-8", newline="\n")
    seen = wish.epochs * len(own + also)
    print(f"fold {number}: {len(own)} pictures of its own and {len(also)} rehearsed, {seen} seen in all", flush=True)


def rehearsed(other: Path, most: int | None) -> list[str]:
    """Another data set's training pictures, or as many of them, taken evenly."""
    told = (other / "train.txt").read_text(encoding="utf-8").splitlines()
    lines = [(other / line).absolute().as_posix() for line in told]
    if most is None or most >= len(lines):
        return lines
    return [lines[k * len(lines) // most] for k in range(most)]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The folds, the mean over them and the range."""
    spread = {iou: [float(r[iou]) for r in rows] for iou in IOUS}
    return {"folds": rows, **{iou: {"mean": round(float(np.mean(v)), 4), "least": min(v), "most": max(v)}
                              for iou, v in spread.items()}}  # fmt: skip


def table(told: dict[str, Any]) -> str:
    """A line a fold, then mean and range."""
    lines = ["fold pictures boxes  AP@0.3  AP@0.5"]
    lines += [
        f"{r['fold']:4d} {r['pictures']:8d} {r['boxes']:5d} {r['ap_0.3']:7.3f} {r['ap_0.5']:7.3f}"
        for r in told["folds"]
    ]
    for what in ("mean", "least", "most"):
        lines.append(f"{what:19s} {told['ap_0.3'][what]:7.3f} {told['ap_0.5'][what]:7.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
