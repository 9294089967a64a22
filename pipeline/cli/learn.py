"""The commands that learn: `train`, `eval`, `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import show
from pipeline.cli.options import AsJson, must_be_text, must_be_there

Folders = list[Path] | None


def train(
    out: Annotated[Path, typer.Option("-o", "--output", metavar="RUN", help="Run folder to make.")],
    data: Annotated[
        Folders, typer.Option("--data", metavar="FOLDER|YAML", help="Pictures with YOLO labels, or a data set.")
    ] = None,
    photos: Annotated[Folders, typer.Option("--photos", metavar="FOLDER", help="Photos to draw sources over.")] = None,
    held_out: Annotated[
        Folders, typer.Option("--held-out", metavar="FOLDER", help="Photos that only the test sees.")
    ] = None,
    base: Annotated[
        Path | None, typer.Option("--base", metavar="WEIGHTS.safetensors", help="State dict to start from.")
    ] = None,
    size_px: Annotated[int, typer.Option("--size", metavar="PX", min=32, max=1280, help="Side of a picture.")] = 320,
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", min=1, max=10_000, help="At most.")] = 100,
    hours: Annotated[
        float | None, typer.Option("--hours", metavar="H", min=0.001, max=1000, help="End within this time.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=2, max=1024)] = 16,
    tiles: Annotated[int, typer.Option("--tiles", metavar="N", min=1, max=1_000_000, help="Drawn for training.")] = 640,
    test_tiles: Annotated[int, typer.Option("--test-tiles", metavar="N", min=1, max=100_000)] = 240,
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256)] = 1,
    device: Annotated[str, typer.Option("--device", metavar="cpu|0", help="As ultralytics names it.")] = "cpu",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=2**31 - 1)] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN; only --hours may be given beside.")] = False,
) -> None:
    """Train a detector of smoke, dust, outfalls and markers (needs the extra `train`)."""
    from pipeline.learn.train import Options, woken
    from pipeline.learn.train import resume as go_on
    from pipeline.learn.train import train as train_model

    must_be_text(out, *(data or ()), *(photos or ()), *(held_out or ()))
    must_be_there(base=base)
    if resume and (data or photos or held_out or base):
        raise typer.BadParameter("goes on with what RUN was begun with", param_hint="--resume")
    if not (resume or data or photos):
        raise typer.BadParameter("give pictures with --data, or photos with --photos")
    woken()
    if resume:
        show.say(f"权重 weights: {go_on(out, hours)}")
        return
    made = _data_set(out, data or [], photos or [], held_out or [], (size_px, tiles, test_tiles, seed))
    options = Options(str(made), str(base) if base else None, size_px, epochs, hours, batch, threads, device, seed)
    show.say(f"权重 weights: {train_model(options, out)}")


def _data_set(out: Path, data: list[Path], photos: list[Path], held_out: list[Path], how: tuple[int, ...]) -> Path:
    """The data set that is given whole, or a new one in RUN/data."""
    from pipeline.learn.dataset import Recipe, build, ready

    whole = ready(data[0]) if len(data) == 1 else None
    if whole is not None and not (photos or held_out):
        return whole
    labelled, drawn, tested = (tuple(p.as_posix() for p in given) for given in (data, photos, held_out))
    size_px, tiles, test_tiles, seed = how
    recipe = Recipe(labelled, drawn, tested, size_px, tiles, test_tiles, seed=seed)
    with show.progress() as tell:
        return build(recipe, out / "data", tell)


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name of the registry, or a path to weights.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="FOLDER|YAML", help="A data set, or pictures with YOLO labels.")
    ],
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="eval.json goes there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on known pictures and on clean photos."""
    import json

    from pipeline.learn.evaluate import evaluate as measure
    from pipeline.learn.evaluate import write_figures

    must_be_text(*data)
    for given in data:
        must_be_there(data=given)
    with show.progress() as tell:
        figures = measure(model, data, tell)
    path = write_figures(figures, out) if out is not None else None
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
        return
    _show_figures(figures)
    if path is not None:
        show.say(f"结果 result: {path}")


def _show_figures(figures: dict[str, Any]) -> None:
    rows = [
        (name, label, told[label]["boxes"], _cell(told[label]["ap_0.3"]), _cell(told[label]["ap_0.5"]))
        for name, told in figures["sets"].items()
        for label in told
        if label != "pictures" and told[label]["boxes"]
    ]
    heads = ("图集 set", "类别 class", "真值 boxes", "AP @0.3", "AP @0.5")
    show.table(f"平均精度 average precision: {figures['model']}", heads, rows)
    if figures["at_false_alarms"]:
        columns = ("误报/张 false alarms a photo", "阈值 threshold", "召回 recall @0.3")
        alarms = [_alarm_row(entry) for entry in figures["at_false_alarms"]]
        show.table(f"无污染照片 clean photos: {figures['clean_photos']}", columns, alarms)


def _alarm_row(entry: dict[str, Any]) -> tuple[str, str, str]:
    recalls = [f"{n} {c} {v:.2f}" for n, by in entry["recall"].items() for c, v in by.items() if v is not None]
    return f"{entry['false_alarms']:.2f}", f"{entry['threshold']:.3f}", ", ".join(recalls)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def export(
    source: Annotated[Path, typer.Argument(metavar="RUN|WEIGHTS.pt", help="A training's folder, or its weights.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="X.onnx", help="File to write; never overwritten.")],
) -> None:
    """Write a training's weights as ONNX (needs the extra `train`)."""
    from pipeline.learn.export import export as export_weights

    must_be_text(source, out)
    made = export_weights(source, out)
    show.say(f"{made.path}: {made.bytes / 1e6:.1f} MB, {made.size_px} px, {', '.join(made.names)}")
    show.say(f"SHA-256: {made.sha256}")
    show.say(f"与 torch 之差 off torch: {made.worst_px:.2g} px, {made.worst_confidence:.2g}")
