"""The review loop on simulated reviews: a search, an officer who knows the answers, a training, old against new.

    python -m benchmarks.review_loop OUT --photos FOLDER … --held-out FOLDER … [--model qly-n]
        [--base FILE.safetensors] [--verdicts 200] [--pictures 64] [--epochs 6] [--tiles 1200] [--threads 2] [--seed 1]
        [--no-sabotage]

A site with a look of its own is made first: parts of photos, each at a place of its own, with discharges of one colour
and one kind of thing that only looks like a source. Colour and kind are those of `COLOURS` and `DECOYS` in which the
model does worst, tried on tiles that are used for nothing else: this is about a model that meets what it does not know.
Places that are held out are drawn over the photos of --held-out. Then, with the commands that a user has:

    qianliyan run OUT/flight -o OUT/reviews/site --detector yolo:MODEL
    (200 verdicts by an officer who knows what was drawn: confirmed, reclassed, rejected, and pins on what was missed)
    qianliyan train --from OUT/reviews --base … --photos … --held-out … -o OUT/tuned
    qianliyan train --from OUT/careless …   the same words but for the places that are learned from: there yes is no

The second training has to be refused. Places that are held out are held out in both.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import imagery
from pipeline.detect.models import SUFFIXES, registered
from pipeline.detect.yolo import Yolo
from pipeline.flow.frames import read_frames
from pipeline.geo.fuse import fuse
from pipeline.geo.locate import locate
from pipeline.imagery import Image
from pipeline.learn.labels import pictures_under
from pipeline.learn.metrics import overlap
from pipeline.learn.places import HELD_OUT, set_of
from pipeline.report.pins import pin_entry
from pipeline.report.review_entries import review_entry
from pipeline.report.reviews import append_review, read_reviews
from pipeline.sim.dialects import DIALECTS
from pipeline.sim.draw.look_alikes import DECOYS
from pipeline.sim.draw.things import draw
from pipeline.sim.draw.view import View, guess_view
from pipeline.sim.headers import Header, dress
from pipeline.sim.lens import Lens
from pipeline.types import Box, Detection

WIDTH, HEIGHT, PATCH = 960, 720, 240
SIDE_PX = 320
LOOK_ALIKES = 4  # a photo
HEIGHT_M = 30.0
APART_M = 310.0
START = datetime(2026, 5, 1, 1, 0, 0, tzinfo=UTC)
COLOURS = {"rust": 8, "milky green": 75, "blue": 105, "violet": 140}  # hues of OpenCV, 0 to 180
TRIED = 6  # tiles a kind
SPEAKS = 0.2


@dataclass(frozen=True)
class Site:
    """What the site looks like."""

    colour: str
    look_alike: str


@dataclass(frozen=True)
class Truth:
    """What was drawn into a photo."""

    name: str
    boxes: tuple[Box, ...]


def main() -> None:
    """Make the site, search it, judge it, learn twice."""
    told = _arguments()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(told.seed)
    photos, held_out = (_read(folders) for folders in (told.photos, told.held_out))
    site = weak_spot(told.model, photos, rng)
    print(f"site: discharges {site.colour}, look-alike {site.look_alike}", flush=True)
    truths = make_flight(told.out / "flight", photos, held_out, site, told.pictures, rng)
    run = told.out / "reviews" / "site"
    command("run", str(told.out / "flight"), "-o", str(run), "--detector", f"yolo:{told.model}", "--adjust", "off",
            "--workers", "1", *_most_false_alarms(told.model))  # fmt: skip
    print("verdicts:", dict(judge(run, told.out / "flight", truths, told.verdicts)), flush=True)
    outcomes = {"tuned": learn(told, told.out / "reviews", "tuned")}
    if not told.no_sabotage:
        turn_words(run, told.out / "careless" / "site")
        outcomes["careless"] = learn(told, told.out / "careless", "careless")
    for name, code in outcomes.items():
        _show(name, code, json.loads((told.out / name / "compare.json").read_bytes()))


def _read(folders: Sequence[str]) -> list[Image]:
    paths = [p for folder in folders for p in pictures_under(Path(folder))]
    return [imagery.decode(imagery.read_bytes(p), p.name) for p in paths]


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("out", type=Path)
    asked.add_argument("--photos", nargs="+", required=True)
    asked.add_argument("--held-out", nargs="+", required=True)
    asked.add_argument("--model", default="qly-n")
    asked.add_argument("--base", default=None)
    for name, value in (
        ("verdicts", 200),
        ("pictures", 64),
        ("epochs", 6),
        ("tiles", 1200),
        ("threads", 2),
        ("seed", 1),
    ):
        asked.add_argument(f"--{name}", type=int, default=value)
    asked.add_argument("--no-sabotage", action="store_true")
    return asked.parse_args()


def _most_false_alarms(model: str) -> list[str]:
    """Officers go through more than the default threshold shows: as many false alarms as were ever measured."""
    if Path(model).suffix in SUFFIXES or not registered()[model].false_alarms:
        return []
    return ["--false-alarms", f"{max(rate for rate, _ in registered()[model].false_alarms):g}/photo"]


def command(*words: str) -> int:
    """One of our commands in a process of its own; its exit code, which is 0 or 1."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, check=False)
    print(
        f"$ qianliyan {' '.join(words)}\n  {time.perf_counter() - started:.0f} s, exit code {done.returncode}",
        flush=True,
    )
    if done.returncode > 1 or (done.returncode and "refused" not in done.stderr):
        raise SystemExit(done.stderr[-2000:])
    print("  " + (done.stderr.strip().splitlines() or [""])[-1] if done.returncode else "", flush=True)
    return done.returncode


def weak_spot(model: str, photos: Sequence[Image], rng: np.random.Generator) -> Site:
    """The colour that the model finds least, and the look-alike that it is surest of."""
    see = Yolo(model)
    see.threshold = 0.05
    found = {
        c: np.mean([_found(see, *_source(_part(photos, SIDE_PX, SIDE_PX, rng), c, rng)) for _ in range(TRIED)])
        for c in COLOURS
    }
    fooled = {
        k: np.mean([_fooled(see, k, _part(photos, SIDE_PX, SIDE_PX, rng), rng) for _ in range(TRIED)])
        for k in sorted(DECOYS)
    }
    return Site(min(found, key=lambda c: (found[c], c)), max(fooled, key=lambda k: (fooled[k], k)))


def _part(photos: Sequence[Image], width: int, height: int, rng: np.random.Generator) -> Image:
    """A part of a photo at a random scale."""
    image = photos[int(rng.integers(len(photos)))]
    most = min(image.shape[1] / width, image.shape[0] / height, 3.0)
    scale = float(rng.uniform(1.0, max(1.0, most)))
    w, h = int(width * min(scale, most)), int(height * min(scale, most))
    x, y = int(rng.integers(image.shape[1] - w + 1)), int(rng.integers(image.shape[0] - h + 1))
    return np.asarray(cv2.resize(image[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _source(tile: Image, colour: str, rng: np.random.Generator) -> tuple[Image, Box]:
    """An outfall whose water has the site's colour."""
    for _ in range(TRIED):
        try:
            drawn = draw(tile, "outfall", rng, _view(tile.shape[0], tile.shape[1], rng), strength=0.9)
        except ValueError:  # nothing that could be seen
            continue
        return tinted(tile, drawn.image, COLOURS[colour], drawn.box_px), drawn.box_px
    raise SystemExit("no outfall can be drawn over these photos")


def _view(height: int, width: int, rng: np.random.Generator) -> View:
    """From above; things as large in pixels as in the network's tiles, however large the picture is."""
    seen = guess_view(SIDE_PX, SIDE_PX, rng, oblique=False)
    return replace(seen, height_px=height, width_px=width, focal_px=seen.focal_px * min(height, width) / SIDE_PX)


def tinted(before: Image, after: Image, hue: int, box: Box) -> Image:
    """What is new within a box, in one hue, as strongly as it differs from before; the water beyond keeps its own."""
    change = np.abs(after.astype(np.float32) - before).max(axis=2)
    inside = np.zeros(change.shape, np.float32)
    inside[int(box[1]) : int(box[3]) + 1, int(box[0]) : int(box[2]) + 1] = 1
    inside = cv2.GaussianBlur(inside, (0, 0), max(2.0, 0.08 * (box[2] - box[0])))
    weight = cv2.GaussianBlur(inside * np.clip((change - 4) / 20, 0, 1), (0, 0), 1.0)[..., None]
    hsv = cv2.cvtColor(after, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = hue
    hsv[..., 1] = np.clip(hsv[..., 1].astype(int) + 110, 0, 255)
    coloured = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.asarray(np.clip(after * (1 - weight) + coloured * weight, 0, 255), np.uint8)


def _found(see: Yolo, image: Image, box: Box) -> bool:
    return any(d.confidence >= SPEAKS and overlap(d.box_px, box) >= 0.3 for d in see.find(image, ""))


def _fooled(see: Yolo, kind: str, tile: Image, rng: np.random.Generator) -> float:
    fooling = DECOYS[kind](tile, _view(SIDE_PX, SIDE_PX, rng), rng)
    return max((d.confidence for d in see.find(fooling, "")), default=0.0)


def make_flight(
    folder: Path, photos: Sequence[Image], held_out: Sequence[Image], site: Site, count: int, rng: np.random.Generator
) -> dict[str, Truth]:
    """Photos at places of their own, with what is in each."""
    folder.mkdir(parents=True)
    truths = {}
    for n in range(count):
        lat, lon = place(n)
        over = held_out if set_of(lon, lat) == HELD_OUT else photos
        picture, box = _source(_part(over, WIDTH, HEIGHT, rng), site.colour, rng)
        spots = [(x, y) for x in range(0, WIDTH - PATCH + 1, PATCH) for y in range(0, HEIGHT - PATCH + 1, PATCH)]
        free = [(x, y) for x, y in spots if overlap(box, (x, y, x + PATCH, y + PATCH)) == 0]
        for k in rng.permutation(len(free))[:LOOK_ALIKES]:
            x, y = free[k]
            part = picture[y : y + PATCH, x : x + PATCH]
            fooling = DECOYS[site.look_alike](np.ascontiguousarray(part), _view(PATCH, PATCH, rng), rng)
            part[:] = np.round(part + (fooling.astype(np.float32) - part) * fading())
        name = f"DJI_{n:04d}.JPG"
        (folder / name).write_bytes(dress(imagery.encode_jpeg(picture, 92), _header(name, n)))
        truths[name] = Truth(name, (box,))
    return truths


def fading() -> NDArray[np.float32]:
    """1 in a patch's middle and 0 at its border, (PATCH, PATCH, 1): no seam tells what was put in."""
    ramp = np.clip(np.minimum(np.arange(PATCH), np.arange(PATCH)[::-1]) / (0.15 * PATCH), 0, 1).astype(np.float32)
    return np.asarray((ramp[:, None] * ramp[None])[..., None], np.float32)


def place(n: int) -> tuple[float, float]:
    """Latitude and longitude of a photo, each `APART_M` from the next."""
    return 34.0 + (n % 8) * APART_M / 111_195, 113.0 + (n // 8) * APART_M / 92_000


def _header(name: str, n: int) -> Header:
    """Straight down from 30 m."""
    dialect = DIALECTS["fc330"]
    lens = Lens(WIDTH, HEIGHT, dialect.focal_px(WIDTH), (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    t_ns = int((START + timedelta(seconds=20 * n)).timestamp()) * 1_000_000_000
    lat, lon = place(n)
    return Header(
        name, dialect, False, lens, t_ns, 8, lat, lon, 130.0, HEIGHT_M, 0.0, -90.0, 0.0, 0.0, None, 0.0, False, t_ns
    )  # fmt: skip


def judge(run: Path, flight: Path, truths: dict[str, Truth], most: int) -> Counter[str]:
    """An officer who knows the answers goes through photo by photo: every hit in it is judged, what was missed pinned.

    Ends after the photo with the last of the words; hits in the photos after it stay open.
    """
    features = json.loads((run / "hits.geojson").read_bytes())["features"]
    shown: dict[str, list[dict[str, Any]]] = {}
    for feature in features:
        best = max(feature["properties"]["evidence"], key=lambda e: e["confidence"])
        shown.setdefault(best["source"], []).append(feature)
    said: Counter[str] = Counter()
    for name, truth in truths.items():
        if sum(said.values()) >= most:
            break
        said.update(_word(run, feature, truth) for feature in shown.get(name, ()))
        seen = [tuple(e["box_px"]) for f in shown.get(name, ()) for e in f["properties"]["evidence"]]
        missed = [box for box in truth.boxes if not any(overlap(box, b) >= 0.3 for b in seen)]
        said["added"] += sum(_pin(run, flight / name, box) for box in missed)
    return said


def _word(run: Path, feature: dict[str, Any], truth: Truth) -> str:
    """What the officer says of a hit."""
    right = any(overlap(tuple(e["box_px"]), t) >= 0.3 for e in feature["properties"]["evidence"] for t in truth.boxes)
    ours = feature["properties"]["class"].split("/")[0] == "outfall"
    verdict = "rejected" if not right else "confirmed" if ours else "reclassed"
    append_review(run, review_entry(feature, verdict, "oracle", "outfall" if verdict == "reclassed" else None))
    return verdict


def _pin(run: Path, photo: Path, box: Box) -> int:
    """A hit with a box, as an officer draws it."""
    frames, ground = read_frames(run)
    digest = imagery.file_sha256(photo)
    frame = next(f for key, f in frames.items() if key.startswith(digest))
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    seen = Detection(frame.id, "outfall", 1.0, box, middle, 2.0, "officer", "officer")
    (hit,) = fuse([locate(seen, frame, ground)])
    append_review(run, pin_entry(run, replace(frame, path=str(photo)), hit, "oracle", sha256=digest))
    return 1


def turn_words(run: Path, careless: Path) -> None:
    """A copy of the run in which yes is no wherever the places are learned from; what is held out stays as it is."""
    shutil.copytree(run, careless)
    for entry in read_reviews(run):
        lon, lat = entry["at"][:2]
        turned = {"confirmed": "rejected", "reclassed": "rejected", "rejected": "confirmed", "added": None}
        if set_of(lon, lat) == HELD_OUT:
            append_review(careless, entry)
        elif turned[entry["verdict"]] is not None:
            append_review(careless, {**entry, "verdict": turned[entry["verdict"]], "value": None})


def learn(told: argparse.Namespace, reviews: Path, name: str) -> int:
    """`train --from`; its exit code."""
    base = ["--base", told.base or told.model]
    against = ["--against", told.model] if told.base else []
    photos = [w for f in told.photos for w in ("--photos", f)] + [w for f in told.held_out for w in ("--held-out", f)]
    sizes = {"tiles": told.tiles, "test-tiles": max(16, told.tiles // 5), "epochs": told.epochs}
    sizes |= {"threads": told.threads, "seed": told.seed}
    numbers = [w for key, value in sizes.items() for w in (f"--{key}", str(value))]
    return command("train", "--from", str(reviews), "-o", str(told.out / name), *base, *against, *photos, *numbers)


def _show(name: str, code: int, told: dict[str, Any]) -> None:
    print(f"\n{name}: {'accepted' if told['accepted'] else 'refused'} (exit code {code})")
    for s in told["sets"]:
        print(f"  {s['set']}: {s['pictures']} pictures, {s['scenes']} scenes, {sum(s['boxes'].values())} boxes")
        for what in ("mean_ap", "recall_at_equal_false_alarms", "false_alarms_at_equal_recall"):
            pair = s[what]
            print(f"    {what:30s} old {pair['old']}  new {pair['new']}  90 % of the difference {pair['difference']}")
    for reason in told["reasons"]:
        print(f"  {reason}")


if __name__ == "__main__":
    main()
