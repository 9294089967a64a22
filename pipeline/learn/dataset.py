"""A data set to learn from and to be asked about: labelled pictures split by scene, and tiles drawn over photos.

    DATA/data.yaml      what ultralytics reads: classes, train.txt, watch.txt; beside it what `eval` reads
    DATA/lists.json     every picture: where it came from, SHA-256 of its bytes, set, scene; counts and recipe
    DATA/things.jsonl   a line for each drawn tile: what it was drawn over, and what is known of each thing on it
    DATA/images/SET/…   pictures of a set, DATA/labels/SET/… their labels
    DATA/masks/SET/…    of drawn tiles: PNG with the n-th thing's pixels as n
    DATA/clean.txt      whole photos of the held-out flights: nothing is in them, every box on them is a false alarm

Sets: `train`; `watch`, by which the best epoch is chosen: scenes of their own, and tiles drawn over the flights of the
training; `real` and `drawn`, the test: scenes and flights that were held out from both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.learn.description import write_description
from pipeline.learn.labels import Labelled, Share, numbered, pictures_under, read_labelled, write_boxes
from pipeline.learn.scene_table import BY_RULE, SceneTable
from pipeline.learn.scenes import fold_of, held_out, scenes, thinned, thumbnails
from pipeline.learn.tiles import CLASSES, DrawnTile, known_places, tiles_of
from pipeline.parallel import open_pool, pmap

SCHEMA_VERSION = 1
TESTS = ("real", "drawn")
WATCHED = 0.06  # of the number of training tiles
MAX_YAML_BYTES = 1024 * 1024
LONG_SIDE_PX = 640  # labelled pictures are reduced to it for the training
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a data set is made of. Folders of labelled pictures hold classes by their place in `CLASSES`."""

    labelled: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()  # flights that tiles are drawn over
    held_out: tuple[str, ...] = ()  # flights that only the test sees
    size_px: int = 320
    tiles: int = 640
    test_tiles: int = 240
    test_share: float = 0.2  # of the labelled pictures, by whole scenes
    seed: int = 1
    watch_share: float = 0.15  # of what is left of them, by whole scenes too; the best epoch is chosen by these
    fold: tuple[int, int] | None = None  # (k, n): the test is the k-th of n parts instead of `test_share`
    repeat: int = 1  # how often a labelled picture comes in an epoch
    negatives: tuple[str, ...] = ()  # pictures in which nothing is, such as a former model's false alarms
    scenes: SceneTable = BY_RULE  # what eyes found of the labelled pictures' scenes


def build(recipe: Recipe, out: Path, tell: Tell = lambda stage, done, total: None, workers: int = 1) -> Path:
    """Make the data set in a new folder and return its data.yaml; the same for any number of workers.

    Raises OutputError for a folder that is there, MissionError and ImageryError for pictures that cannot be used.
    """
    if not (recipe.labelled or recipe.photos):
        raise MissionError("a data set needs labelled pictures, or photos to draw over")
    if out.exists():
        raise OutputError(f"{out}: is there already")
    _check_apart((*recipe.photos, *recipe.negatives), recipe.held_out)
    writer = _Writer(out)
    if recipe.labelled:
        _labelled(recipe, writer, tell)
    for picture in (p for folder in recipe.negatives for p in pictures_under(Path(folder))):
        writer.copy(Labelled(picture, ()), "train", len(writer), -1)
    watched = max(2, round(WATCHED * recipe.tiles))
    sets = (("train", recipe.tiles, recipe.photos), ("watch", watched, recipe.photos),
            ("drawn", recipe.test_tiles, recipe.held_out))  # fmt: skip
    for name, count, folders in sets:
        if folders and count:
            _tiles(recipe, folders, name, count, writer, tell, workers)
    return writer.finish(recipe, _clean(recipe.held_out))


def _check_apart(learned: Sequence[str], held_out: Sequence[str]) -> None:
    """Raise MissionError where a photo that is learned from is also asked about: the same file, or the same bytes."""
    if not (learned and held_out):
        return
    one, other = (
        {p.resolve(): p.stat().st_size for f in folders for p in pictures_under(Path(f))}
        for folders in (learned, held_out)
    )
    both = set(one.values()) & set(other.values())  # photos of other sizes need not be read
    known = {imagery.file_sha256(p): p for p, size in one.items() if size in both}
    for photo, size in other.items():
        same = photo if photo in one else known.get(imagery.file_sha256(photo)) if size in both else None
        if same is not None:
            raise MissionError(f"{photo}: is held out, and {same} of what is learned from is the same photo")


def ready(given: Path) -> Path | None:
    """data.yaml of a data set that is there already; None for a folder of pictures.

    Raises MissionError for a file that is no description of one, or that would have ultralytics download something
    (what it names is run as code).
    """
    path = given / "data.yaml" if given.is_dir() else given
    if not path.is_file():
        return None
    if path.suffix.lower() not in (".yaml", ".yml") or path.stat().st_size > MAX_YAML_BYTES:
        raise MissionError(f"{path}: is no description of a data set")
    yaml: Any = import_module("yaml")  # comes with the extra
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as why:
        raise MissionError(f"{path}: is no YAML") from why
    if not isinstance(told, dict) or "download" in told:
        raise MissionError(f"{path}: is no table, or has the key download, which ultralytics takes for code to run")
    return path


def _labelled(recipe: Recipe, writer: _Writer, tell: Tell) -> None:
    given = [p for folder in recipe.labelled for p in read_labelled(Path(folder))]
    pictures = [given[i] for i in recipe.scenes.kept([p.path for p in given])]
    if not pictures:
        raise MissionError("the table of scenes leaves out every labelled picture")
    _check_classes(pictures)
    paths = [p.path for p in pictures]
    thumbs = thumbnails(paths)
    groups = scenes(paths, thumbs, recipe.scenes)
    if recipe.fold is None:
        test = held_out(groups, paths, recipe.test_share, recipe.seed)
    else:
        test = fold_of(groups, paths, recipe.fold, recipe.seed)
    rest = [group for group in groups if group[0] not in test]
    watch = held_out(rest, paths, recipe.watch_share * (1 - len(test) / len(paths)), recipe.seed)
    train = set(thinned([i for i in range(len(paths)) if i not in test | watch], thumbs))
    set_of = {**dict.fromkeys(train, "train"), **dict.fromkeys(watch, "watch"), **dict.fromkeys(test, "real")}
    scene_of = {i: n for n, group in enumerate(groups) for i in group}
    for i, picture in enumerate(pictures):
        tell("labelled", i + 1, len(pictures))
        if i in set_of:
            writer.copy(picture, set_of[i], i, scene_of[i])


def _check_classes(pictures: Iterable[Labelled]) -> None:
    for picture in pictures:
        if any(b[0] >= len(CLASSES) for b in picture.boxes):
            known = ", ".join(CLASSES)
            raise MissionError(f"{picture.path.name}: has a class beyond {len(CLASSES) - 1}; there are {known}")


def _tiles(
    recipe: Recipe, folders: Sequence[str], name: str, count: int, writer: _Writer, tell: Tell, workers: int
) -> None:
    photos = [(p, known_places(p.parent).get(p.name, ())) for f in folders for p in pictures_under(Path(f))]
    stems = numbered(f"{background_of(p)}-{p.stem}" for p, _ in photos)
    if not photos:
        raise MissionError(f"{', '.join(folders)}: no photos to draw over")
    each = -(-count // len(photos))
    seed = recipe.seed if name == "train" else recipe.seed + 1_000_003
    orders = [(p, each, recipe.size_px, seed, known) for p, known in photos]
    with open_pool(workers, None, len(orders), imagery.use_one_thread) as pool:
        for n, (order, tiles) in enumerate(zip(orders, pmap(_drawn, orders, pool), strict=True), 1):
            tell(name, n, len(orders))
            for k, tile in enumerate(tiles):
                writer.draw(order[0], tile, name, f"{stems[n - 1]}-{k:03d}")


def _drawn(order: tuple[Path, int, int, int, Sequence[tuple[float, float]]]) -> list[DrawnTile]:
    """In a worker."""
    return list(tiles_of(*order))


def background_of(photo: Path) -> str:
    """The flight or group a photo belongs to, by its folder."""
    return photo.parent.parent.name if photo.parent.name in ("images", "frames") else photo.parent.name


def _clean(folders: Iterable[str]) -> list[str]:
    """Photos of the held-out flights in which no table knows of anything."""
    found = [p.absolute() for f in folders for p in pictures_under(Path(f))]
    return [p.as_posix() for p in found if p.name not in known_places(p.parent)]


class _Writer:
    """Puts pictures into a data set and keeps its lists."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._entries: list[dict[str, Any]] = []
        self._things: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def copy(self, picture: Labelled, name: str, number: int, scene: int) -> None:
        """A labelled picture: reduced for the training, its own bytes for the test. One of nothing is of scene -1."""
        data = imagery.read_bytes(picture.path)
        origin, sha = picture.path.as_posix(), imagery.sha256(data)
        stem = f"{'real' if scene >= 0 else 'nothing'}-{number:05d}"
        target = f"{stem}{picture.path.suffix.lower()}"
        if name != "real":
            image = imagery.reduced(imagery.decode(data, picture.path.name), LONG_SIDE_PX)
            data, target = imagery.encode_jpeg(image, 95), f"{stem}.jpg"
        self._put(name, target, data, picture.boxes, {"from": origin, "from_sha256": sha, "scene": scene})

    def draw(self, photo: Path, tile: DrawnTile, name: str, stem: str) -> None:
        """A tile with what was drawn on it."""
        background, file = background_of(photo), f"{stem}.jpg"
        self._put(name, file, tile.jpeg, tile.shares(), {"from": photo.as_posix(), "background": background})
        mask = self._out / "masks" / name / f"{stem}.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        mask.write_bytes(tile.mask_png)
        things = [t.told() for t in tile.things]
        self._things.append({"picture": f"images/{name}/{file}", "background": background, "things": things})

    def _put(self, name: str, file: str, data: bytes, boxes: Sequence[Share], facts: dict[str, Any]) -> None:
        picture, labels = self._out / "images" / name / file, self._out / "labels" / name / f"{Path(file).stem}.txt"
        picture.parent.mkdir(parents=True, exist_ok=True)
        labels.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(data)
        write_boxes(labels, boxes)
        entry = {"set": name, "picture": f"images/{name}/{file}", "sha256": imagery.sha256(data)}
        self._entries.append({**entry, **facts, "boxes": [CLASSES[b[0]] for b in boxes]})

    def finish(self, recipe: Recipe, clean: Sequence[str]) -> Path:
        """Write the lists and data.yaml."""
        sets = {name: [e for e in self._entries if e["set"] == name] for name in ("train", "watch", *TESTS)}
        if not sets["train"]:
            raise MissionError("nothing is left to train on")
        sets["watch"] = sets["watch"] or sets["train"][:16]
        for name, entries in sets.items():
            often = recipe.repeat if name == "train" else 1
            lines = [f"./{e['picture']}\n" for e in entries for _ in range(often if e.get("scene", -1) >= 0 else 1)]
            (self._out / f"{name}.txt").write_text("".join(lines), encoding="utf-8", newline="\n")
        (self._out / "clean.txt").write_text("".join(f"{c}\n" for c in clean), encoding="utf-8", newline="\n")
        lists = {
            "schema_version": SCHEMA_VERSION,
            "recipe": asdict(recipe),
            "classes": list(CLASSES),
            "counts": {name: _counts(entries) for name, entries in sets.items()},
            "pictures": self._entries,
        }
        told = "".join(json.dumps(t, ensure_ascii=False) + "\n" for t in self._things)
        (self._out / "things.jsonl").write_text(told, encoding="utf-8", newline="\n")
        text = json.dumps(lists, ensure_ascii=False, indent=1)
        (self._out / "lists.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        return write_description(self._out)


def _counts(entries: Sequence[dict[str, Any]]) -> dict[str, int]:
    boxes = [label for e in entries for label in e["boxes"]]
    return {"pictures": len(entries), "empty": sum(not e["boxes"] for e in entries),
            **{c: boxes.count(c) for c in CLASSES}}  # fmt: skip
