"""Real smoke in five folds: each part of the scenes is asked about by weights that never saw it.

    python -m benchmarks.real_smoke PICTURES… --base FILE.safetensors -o FOLDER [--rehearse DATA.yaml's folder]
                                    [--folds 5] [--epochs 6] [--repeat 2] [--threads 2]

It needs the extra `train`. PICTURES are folders of labelled pictures; scenes (frames of one clip, neighbours, pictures
that look alike) stay together, see pipeline/learn/scenes.py. Every fold begins from the same base, which must not have
seen any of them, and learns from the other folds and from the rehearsal's training tiles. Our own engine is asked:
average precision at IoU 0.3 and 0.5 of each fold, their mean and range.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from pipeline.learn.dataset import Recipe, build
from pipeline.learn.evaluate import evaluate
from pipeline.learn.export import export
from pipeline.learn.train import Options, train


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pictures", nargs="+", type=Path)
    arguments.add_argument("--base", required=True, type=Path)
    arguments.add_argument("-o", "--output", required=True, type=Path)
    arguments.add_argument("--rehearse", type=Path)
    arguments.add_argument("--folds", type=int, default=5)
    arguments.add_argument("--epochs", type=int, default=6)
    arguments.add_argument("--repeat", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=2)
    wanted = arguments.parse_args()
    rows = [fold(k, wanted) for k in range(1, wanted.folds + 1)]
    figures = np.array(rows)
    for name, column in (("0.3", figures[:, 1]), ("0.5", figures[:, 2])):
        print(f"AP at IoU {name}: mean {column.mean():.3f}, {column.min():.3f} to {column.max():.3f}")


def fold(number: int, wanted: argparse.Namespace) -> tuple[int, float, float]:
    """(boxes asked about, AP at 0.3, AP at 0.5) of one part; what is there from an earlier call is not done again."""
    folder = wanted.output / str(number)
    weights = folder / "fold.onnx"
    if not weights.is_file():
        labelled = tuple(p.as_posix() for p in wanted.pictures)
        recipe = Recipe(labelled, fold=(number, wanted.folds), repeat=wanted.repeat)
        data = build(recipe, folder / "data").parent
        if wanted.rehearse is not None:
            rehearsed(data, wanted.rehearse)
        options = Options(str(data), str(wanted.base), epochs=wanted.epochs, threads=wanted.threads, choose=False)
        train(options, folder / "run")
        export(folder / "run", weights)
    told = evaluate(str(weights), [folder / "data"])["sets"]["real"]
    smoke = told["smoke"]
    line = f"fold {number}: {told['pictures']} pictures, {smoke['boxes']} boxes"
    print(f"{line}, AP {smoke['ap_0.3']:.3f} at 0.3, {smoke['ap_0.5']:.3f} at 0.5", flush=True)
    return smoke["boxes"], smoke["ap_0.3"], smoke["ap_0.5"]


def rehearsed(data: Path, other: Path) -> None:
    """Put another data set's training pictures beside these, each once."""
    lines = (other / "train.txt").read_text(encoding="utf-8").splitlines()
    also = "".join(f"{(other / line).absolute().as_posix()}\n" for line in lines)
    with (data / "train.txt").open("a", encoding="utf-8") as file:
        file.write(also)


if __name__ == "__main__":
    main()
