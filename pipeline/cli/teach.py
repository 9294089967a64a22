"""The commands that make something to learn from, `convert`, `lessons` and `mine`, and `train --from`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import show
from pipeline.cli.options import must_be_text, must_be_there
from pipeline.errors import ModelError

if TYPE_CHECKING:
    from pipeline.learn.fine_tune import Wish

MOST_NAMED = 5


def convert(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="isood, fasdd, d-fire, coco, yolo or voc.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The set as it was unpacked.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Labelled folder to make.")],
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="THEIRS=OURS|-", help="A class; - drops it. Several times.")
    ] = None,
    others_are_empty: Annotated[
        bool, typer.Option("--others-are-empty", help="Keep pictures with only other classes as empty ones.")
    ] = False,
    unlabelled_are_empty: Annotated[
        bool, typer.Option("--unlabelled-are-empty", help="Keep pictures without labels as empty ones.")
    ] = False,
) -> None:
    """Turn somebody's labelled pictures into ours, with a record of what was left out."""
    from pipeline.learn.converters import Wanted
    from pipeline.learn.converters import convert as convert_set

    must_be_text(folder, out)
    must_be_there(folder=folder)
    wanted = Wanted(dict(_pair(text) for text in maps or ()), others_are_empty, unlabelled_are_empty)
    with show.progress() as tell:
        made = convert_set(form, folder, out, wanted, tell)
    show.say(f"图片 pictures: {made.pictures}, 其中无目标 empty: {made.empty}")
    for heading, counts in (
        ("标注框 boxes", made.boxes),
        ("丢弃的框 boxes dropped", made.dropped),
        ("框的修正 boxes mended", made.mended),
        ("未采用的图片 pictures left out", made.left_out),
    ):
        if counts:
            show.say(f"{heading}: {', '.join(f'{what} {n}' for what, n in sorted(counts.items()))}")
    if made.strangers:
        show.say(
            f"未对应的类别 classes not mapped: 如 e.g. --map {made.strangers[0]}=outfall, --map {made.strangers[0]}=-"
        )
    show.say(f"来源记录 provenance: {made.out / 'provenance.json'}")


def _pair(text: str) -> tuple[str, str]:
    """'THEIRS=OURS' -> (theirs, ours)."""
    theirs, equals, ours = text.rpartition("=")
    if not equals or not theirs.strip() or not ours.strip():
        raise typer.BadParameter(f"{text!r}: say for example sewage=outfall, or fire=-", param_hint="--map")
    return theirs.strip(), ours.strip()


def lessons(
    given: Annotated[list[Path], typer.Argument(metavar="REVIEWS…", help="Runs, reviews.zips, or folders of them.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="DATA", help="Data set to make.")],
    originals: Annotated[
        list[Path] | None, typer.Option("--originals", metavar="FOLDER", help="Photos that the runs looked at.")
    ] = None,
    size_px: Annotated[int, typer.Option("--size", metavar="PX", min=32, max=1280, help="Side of a picture.")] = 320,
) -> None:
    """Make a data set of officers' verdicts, with a version and with who said what."""
    from pipeline.learn.reviews import build_reviews

    must_be_text(out, *given, *(originals or ()))
    with show.progress() as tell:
        made = build_reviews(given, out, originals or [], size_px, tell)
    heads = ("图集 set", "图片 pictures", "无目标 empty", "地点 places", "smoke", "dust", "outfall", "marker")
    show.table(f"版本 version: {made.version[:16]}", heads, [(n, *c.values()) for n, c in made.counts.items()])
    if made.left_out:
        show.say(f"未采用 left out: {', '.join(f'{what} {n}' for what, n in made.left_out.items())}")
    if made.missing:
        more = f" … {len(made.missing)}" if len(made.missing) > MOST_NAMED else ""
        show.say(f"缺少原片 originals missing: {', '.join(made.missing[:MOST_NAMED])}{more}")


def mine(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name of the registry, or a path to weights.")],
    photos: Annotated[list[Path], typer.Option("--photos", metavar="FOLDER", help="Photos in which nothing is.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder to make, for train --negatives.")],
    size_px: Annotated[int, typer.Option("--size", metavar="PX", min=32, max=1280, help="Side of a picture.")] = 320,
) -> None:
    """Cut a model's false alarms out of clean photos, to be learned from as nothing."""
    from pipeline.learn.mine import mine as cut_out

    must_be_text(out, *photos)
    with show.progress() as tell:
        show.say(f"误报切片 false alarms cut out: {cut_out(model, photos, out, size_px, tell)}")


def learn_from(wish: Wish | None, run: Path, hours: float | None = None) -> None:
    """`train --from`, and `--resume` of one where `wish` is None.

    Raises ModelError in one sentence when the new weights are refused.
    """
    from pipeline.learn.fine_tune import fine_tune, go_on

    with show.progress() as tell:
        done = go_on(run, hours, tell) if wish is None else fine_tune(wish, run, tell)
    show_comparison(done.told)
    show.say(f"比较 comparison: {run / 'compare.json'}")
    if not done.accepted:
        raise ModelError(f"the new weights are refused and stay in {done.weights}: {'; '.join(done.told['reasons'])}")
    if done.told["share"] < 1:
        show.say(f"取新旧权重之间 weights between old and new: {done.told['share']:.0%}")
    show.say(f"新权重不逊于旧权重 the new weights are no worse: {done.weights}")
    show.say(f"qianliyan export {run} -o NEW.onnx")


def show_comparison(told: Mapping[str, Any]) -> None:
    """Old beside new, a row a figure, and what was not asked about."""
    for s in told["sets"]:
        rows = [("AP @0.3", label, s["boxes"][label], *_figures(pair)) for label, pair in s["ap"].items()]
        boxes = sum(s["boxes"].values())
        rows += [("平均 mean AP", "", boxes, *_figures(s["mean_ap"]))]
        rows += [("同误报召回 recall at equal false alarms", "", boxes, *_figures(s["recall_at_equal_false_alarms"]))]
        rows += [("同召回误报 false alarms at equal recall", "", boxes, *_figures(s["false_alarms_at_equal_recall"]))]
        title = f"{s['set']}: {s['pictures']} 图 pictures, {s['scenes']} 场景 scenes"
        show.table(
            title, ("", "类别 class", "真值 boxes", "旧 old", "新 new", "差的 90% 区间 90 % of the difference"), rows
        )
    if told["not_asked"]:
        named = ", ".join(f"{c} ({told['classes'][c]['boxes']})" for c in told["not_asked"])
        show.say(f"真值过少、未检验的类别 classes with too few boxes to be asked about: {named}")
    gone = told.get("rehearsal_left_out")
    if gone:
        show.say(f"取自留出照片、未复习的图块 tiles of held-out photos that were not rehearsed: {gone}")


def _figures(pair: Mapping[str, Any]) -> tuple[str, str, str]:
    old, new, (low, high) = pair["old"], pair["new"], pair["difference"]
    return _figure(old), _figure(new), f"{_figure(low)} … {_figure(high)}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"
