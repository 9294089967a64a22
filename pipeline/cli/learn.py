"""The commands that learn: `train`, `eval`, `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import show
from pipeline.cli.options import AsJson, must_be_text, must_be_there
from pipeline.cli.teach import learn_from
from pipeline.cli.together import check_train, check_whole, options_named

if TYPE_CHECKING:
    from pipeline.learn.dataset import Recipe
    from pipeline.learn.evaluate import Measured

Folders = list[Path] | None
EPOCHS, TILES = 100, 640


def train(
    context: typer.Context,
    out: Annotated[Path, typer.Option("-o", "--output", metavar="RUN", help="Run folder to make.")],
    data: Annotated[
        Folders, typer.Option("--data", metavar="FOLDER|YAML", help="Pictures with YOLO labels, or a data set.")
    ] = None,
    photos: Annotated[Folders, typer.Option("--photos", metavar="FOLDER", help="Photos to draw sources over.")] = None,
    held_out: Annotated[
        Folders, typer.Option("--held-out", metavar="FOLDER", help="Photos that only the test sees.")
    ] = None,
    negatives: Annotated[
        Folders, typer.Option("--negatives", metavar="FOLDER", help="Pictures in which nothing is.")
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option("--base", metavar="FILE.safetensors|MODEL", help="State dict, or a model's own, to start from."),
    ] = None,
    reviews: Annotated[
        Folders, typer.Option("--from", metavar="REVIEWS", help="Runs with verdicts: go on from --base, and compare.")
    ] = None,
    rehearse: Annotated[
        Folders, typer.Option("--rehearse", metavar="DATA", help="With --from: what must not be forgotten.")
    ] = None,
    originals: Annotated[
        Folders, typer.Option("--originals", metavar="FOLDER", help="With --from: photos that the runs looked at.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="With --from: compare with it, not with the base.")
    ] = None,
    size_px: Annotated[int, typer.Option("--size", metavar="PX", min=32, max=1280, help="Side of a picture.")] = 320,
    epochs: Annotated[
        int | None, typer.Option("--epochs", metavar="N", min=1, max=10_000, help="At most. [default: 100; --from: 8]")
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", metavar="H", min=0.001, max=1000, help="End within this time.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=2, max=1024)] = 16,
    tiles: Annotated[
        int | None,
        typer.Option(
            "--tiles", metavar="N", min=1, max=1_000_000, help="Drawn for training. [default: 640; --from: 1280]"
        ),
    ] = None,
    test_tiles: Annotated[int, typer.Option("--test-tiles", metavar="N", min=1, max=100_000)] = 240,
    fold: Annotated[
        str | None, typer.Option("--fold", metavar="K/N", help="Test on the K-th of N parts of the labelled scenes.")
    ] = None,
    scenes: Annotated[
        Path | None, typer.Option("--scenes", metavar="FILE.toml", help="What eyes found of the labelled scenes.")
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="N", min=1, max=100, help="How often a labelled picture comes an epoch.")
    ] = 1,
    gentle: Annotated[bool, typer.Option("--gentle", help="Small steps, from a good --base.")] = False,
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256)] = 1,
    device: Annotated[str, typer.Option("--device", metavar="cpu|0", help="As ultralytics names it.")] = "cpu",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=2**31 - 1)] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN; only --hours may be given beside.")] = False,
) -> None:
    """Train a detector of smoke, dust, outfalls and markers (needs the extra `train`)."""
    from pipeline.learn.dataset import Recipe
    from pipeline.learn.scene_table import BY_RULE, read_scene_table
    from pipeline.learn.train import Options, woken
    from pipeline.learn.train import resume as go_on
    from pipeline.learn.train import train as train_model

    must_be_text(out, *(data or ()), *(photos or ()), *(held_out or ()), *(negatives or ()), *(reviews or ()))
    named = options_named(context)
    check_train(named)
    woken()
    if (reviews or resume) and (reviews or (out / "from.json").is_file()):
        from pipeline.learn.fine_tune import EPOCHS as FEWER
        from pipeline.learn.fine_tune import TILES as MORE
        from pipeline.learn.fine_tune import Wish

        learn_from(Wish(
            _names(reviews), str(base or "qly-n"), against, _names(originals), _names(rehearse), _names(photos),
            _names(held_out), tiles or MORE, test_tiles, size_px, epochs or FEWER, hours, batch, threads, device, seed,
        ) if reviews else None, out, hours)  # fmt: skip
        return
    if base is not None and base.suffix.lower() == ".safetensors":
        must_be_there(base=base)
    if resume:
        show.say(f"权重 weights: {go_on(out, hours)}")
        return
    recipe = Recipe(
        labelled=_names(data), photos=_names(photos), held_out=_names(held_out), negatives=_names(negatives),
        size_px=size_px, tiles=tiles or TILES, test_tiles=test_tiles, seed=seed, fold=_fold(fold), repeat=repeat,
        scenes=read_scene_table(scenes) if scenes else BY_RULE,
    )  # fmt: skip
    made = _data_set(out, recipe, threads, named)
    options = Options(
        str(made),
        str(base) if base else None,
        size_px,
        epochs or EPOCHS,
        hours,
        batch,
        threads,
        device,
        seed,
        gentle=gentle,
    )
    show.say(f"权重 weights: {train_model(options, out)}")


def _names(folders: Folders) -> tuple[str, ...]:
    return tuple(p.as_posix() for p in folders or ())


def _fold(told: str | None) -> tuple[int, int] | None:
    """K/N as two numbers."""
    if told is None:
        return None
    parts = told.split("/")
    if (
        len(parts) != 2
        or not all(p.isascii() and p.isdigit() for p in parts)
        or not 1 <= int(parts[0]) <= int(parts[1])
    ):
        raise typer.BadParameter(f"{told!r} is no K/N such as 2/5", param_hint="--fold")
    return int(parts[0]), int(parts[1])


def _data_set(out: Path, recipe: Recipe, workers: int, named: set[str]) -> Path:
    """The data set that is given whole, or a new one in RUN/data."""
    from pipeline.learn.dataset import build, ready

    whole = ready(Path(recipe.labelled[0])) if len(recipe.labelled) == 1 else None
    if whole is not None and not (recipe.photos or recipe.held_out or recipe.negatives):
        check_whole(recipe.labelled[0], named)
        return whole
    with show.progress() as tell:
        return build(recipe, out / "data", tell, workers)


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name of the registry, or a path to weights.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="FOLDER|YAML", help="A data set, or pictures with YOLO labels.")
    ],
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="eval.json goes there.")] = None,
    sheets: Annotated[
        bool, typer.Option("--sheets", help="Also picture sheets of the worst misses and false alarms (needs -o).")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Raw scores, and the registry's calibration from the clean photos.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on known pictures and on clean photos."""
    import json

    from pipeline.learn.evaluate import figures, measure, write_figures

    must_be_text(*data)
    for given in data:
        must_be_there(data=given)
    if sheets and out is None:
        raise typer.BadParameter("needs a folder: -o", param_hint="--sheets")
    with show.progress() as tell:
        measured = measure(model, data, tell, raw=calibrate)
    told = figures(measured)
    path = write_figures(told, out) if out is not None else None
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show_figures(told)
    if calibrate:
        _show_calibration(measured)
    if sheets and out is not None:
        from pipeline.learn.sheets import write_sheets

        show.say(f"图片 sheets: {len(write_sheets(measured, out))}")
    if path is not None and not as_json:
        show.say(f"结果 result: {path}")


def _show_calibration(measured: Measured) -> None:
    """Lines for models/registry.toml."""
    from pipeline.learn.calibrate import calibrated
    from pipeline.learn.tiles import CLASSES

    alarms = [(label, find[1]) for label, find in measured.alarms]
    for label, rows in calibrated(alarms, len(measured.clean), CLASSES).items():
        show.say(f"{label} = {rows}")


def _show_figures(figures: dict[str, Any]) -> None:
    rows = [
        (name, label, told[label]["boxes"], _cell(told[label]["ap_0.3"]), _cell(told[label]["ap_0.5"]))
        for name, told in figures["sets"].items()
        for label in told
        if label != "pictures" and told[label]["boxes"]
    ]
    heads = ("图集 set", "类别 class", "真值 boxes", "AP @0.3", "AP @0.5")
    show.table(f"平均精度 average precision: {figures['model']}", heads, rows)
    parts = [
        (name, label, part, entry["boxes"], _cell(entry["ap"]))
        for name, told in figures["sets"].items()
        for label in told
        if label != "pictures" and "by" in told[label]
        for part, entry in told[label]["by"]["contrast_de"].items()
    ]
    if parts:
        heads = ("图集 set", "类别 class", "对比度 contrast ΔE", "真值 boxes", "AP @0.3")
        show.table("按对比度 by contrast", heads, parts)
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
    source: Annotated[
        Path, typer.Argument(metavar="RUN|WEIGHTS", help="A training's folder, its .pt, with --int8 also an .onnx.")
    ],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="X.onnx|X.safetensors|X.xml", help="New file.")],
    int8: Annotated[bool, typer.Option("--int8", help="As OpenVINO IR in 8 bits (needs nncf and openvino).")] = False,
    tiles: Annotated[
        Folders,
        typer.Option("--tiles", metavar="FOLDER", help="Pictures for --int8 to take ranges from, of each kind."),
    ] = None,
    data: Annotated[
        Folders, typer.Option("--data", metavar="FOLDER|YAML", help="Known pictures --int8 must find as well on.")
    ] = None,
) -> None:
    """Write a training's weights as ONNX, or to go on from (both need the extra `train`), or in 8 bits for OpenVINO."""
    from pipeline.learn.refusal import check_not_refused

    must_be_text(source, out, *(tiles or ()), *(data or ()))
    check_not_refused(source)
    if not int8:
        if tiles or data or out.suffix.lower() == ".xml":
            raise typer.BadParameter("--tiles, --data and X.xml go with --int8", param_hint="--int8")
        _export_float(source, out)
        return
    if not tiles:
        raise typer.BadParameter("give pictures with --tiles: a data set, or a folder of photos", param_hint="--int8")
    for folder in tiles:
        must_be_there(tiles=folder)
    for given in data or ():
        must_be_there(data=given)
    _export_int8(source, out, tiles, data or tiles)


def _export_float(source: Path, out: Path) -> None:
    from pipeline.learn.export import export as export_weights
    from pipeline.learn.state import write_state

    if out.suffix.lower() == ".safetensors":
        show.say(f"{out}: {write_state(source, out) / 1e6:.1f} MB, train --base {out}")
        return
    made = export_weights(source, out)
    show.say(f"{made.path}: {made.bytes / 1e6:.1f} MB, {made.size_px} px, {', '.join(made.names)}")
    show.say(f"SHA-256: {made.sha256}")
    show.say(f"与 torch 之差 off torch: {made.worst_px:.2g} px, {made.worst_confidence:.2g}")


def _export_int8(source: Path, out: Path, tiles: list[Path], data: list[Path]) -> None:
    from pipeline.learn.quantise import quantise

    with show.progress() as tell:
        made = quantise(source, out, tiles, data, tell)
    show.say(f"{made.path}: {made.bytes / 1e6:.1f} MB (.bin 在内 with its .bin)")
    show.say(f"SHA-256 (.xml + .bin): {made.sha256}")
    show.say(f"仍为浮点 left in float: {made.in_float}")
    heads = ("类别 class", "IoU", "AP 浮点 float", "AP 8 位 8 bits")
    rows = [(label, f"{iou:g}", _cell(ap), _cell(made.after[label, iou])) for (label, iou), ap in made.before.items()]
    show.table("平均精度 average precision", heads, rows)
