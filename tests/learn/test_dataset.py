"""A data set: nothing of the test is learned from, and all of it is written down."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.learn.dataset import Recipe, build
from pipeline.learn.evaluate import asked_of, label_path_of
from pipeline.learn.labels import box_px, read_boxes
from pipeline.learn.tiles import CLASSES, KEEP_OFF_PX, known_places, tiles_of
from pipeline.sim.draw.paint import extent


def photo(seed: int, height: int = 240, width: int = 320) -> imagery.Image:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (6, 8, 3)).astype(np.uint8)
    image = np.kron(coarse, np.ones((height // 6, width // 8, 1), np.uint8))
    return np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)


def save(path: Path, image: imagery.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagery.encode_jpeg(image, 92))


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two flights and a set of labelled smoke: ten scenes of three frames each."""
    root = tmp_path_factory.mktemp("数据 data")
    for flight in ("甲", "乙"):
        for n in range(2):
            save(root / flight / "images" / f"p {n}.jpg", photo(50 + n + 2 * (flight == "乙")))
    for scene in range(10):
        for frame in range(3):
            noisy = photo(scene) if frame else photo(scene)[:, ::-1]
            save(root / "smoke" / "images" / f"clip{chr(97 + scene)}_mp4-{frame}.jpg", noisy)
            label = root / "smoke" / "labels" / f"clip{chr(97 + scene)}_mp4-{frame}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("0 0.5 0.5 0.25 0.5\n")
    return root


@pytest.fixture(scope="module")
def recipe(flights: Path) -> Recipe:
    def of(name: str) -> tuple[str, ...]:
        return ((flights / name).as_posix(),)

    return Recipe(of("smoke"), of("甲"), of("乙"), size_px=96, tiles=12, test_tiles=6, seed=1)


@pytest.fixture(scope="module")
def made(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(recipe, tmp_path_factory.mktemp("out") / "data").parent


def test_no_scene_and_no_flight_is_in_both_halves(made: Path, flights: Path) -> None:
    entries = json.loads((made / "lists.json").read_bytes())["pictures"]
    labelled = [e for e in entries if "scene" in e]
    learned, watched, asked = ({e["scene"] for e in labelled if e["set"] == s} for s in ("train", "watch", "real"))
    assert learned and watched and asked
    assert not learned & asked and not learned & watched and not watched & asked
    # Of three frames two are the same: one teaches nothing, but the test asks about all.
    assert all(sum(e["scene"] == s for e in labelled) == 2 for s in learned)
    assert all(sum(e["scene"] == s for e in labelled) == 3 for s in asked | watched)
    drawn = [e for e in entries if "scene" not in e]
    assert all((e["set"] == "drawn") == ("/乙/" in e["from"]) for e in drawn)
    assert {e["set"] for e in drawn} == {"train", "watch", "drawn"}


def test_lists_tell_every_picture_and_its_hash(made: Path) -> None:
    told = json.loads((made / "lists.json").read_bytes())
    files = sorted(p.relative_to(made).as_posix() for p in (made / "images").rglob("*.jpg"))
    assert sorted(e["picture"] for e in told["pictures"]) == files
    for entry in told["pictures"]:
        assert hashlib.sha256((made / entry["picture"]).read_bytes()).hexdigest() == entry["sha256"]
    for name, count in told["counts"].items():
        assert count["pictures"] == sum(e["set"] == name for e in told["pictures"])


def test_labels_lie_inside_their_pictures(made: Path) -> None:
    boxes = [b for p in (made / "images").rglob("*.jpg") for b in read_boxes(label_path_of(p))]
    assert boxes
    for label, x, y, w, h in boxes:
        assert 0 <= label < len(CLASSES)
        assert min(x - w / 2, y - h / 2) >= -1e-5 and max(x + w / 2, y + h / 2) <= 1 + 1e-5


def test_things_beside_the_pictures_are_those_of_the_labels(made: Path) -> None:
    lines = [json.loads(line) for line in (made / "things.jsonl").read_text(encoding="utf-8").splitlines()]
    drawn = [e for e in json.loads((made / "lists.json").read_bytes())["pictures"] if "background" in e]
    assert [line["picture"] for line in lines] == [e["picture"] for e in drawn]
    assert {line["background"] for line in lines} == {"甲", "乙"}
    assert any(line["things"] for line in lines)
    for line in lines:
        shares = read_boxes(label_path_of(made / line["picture"]))
        assert [t["class"] for t in line["things"]] == [CLASSES[b[0]] for b in shares]
        for thing, share in zip(line["things"], shares, strict=True):
            assert thing["box_px"] == pytest.approx(box_px(share, 96, 96), abs=0.01)
        masks = cv2.imdecode(np.fromfile(mask_path(made, line["picture"]), np.uint8), cv2.IMREAD_UNCHANGED)
        assert masks.shape == (96, 96) and masks.max() == len(line["things"])
        for n, thing in enumerate(line["things"], 1):
            assert extent(masks == n) == tuple(thing["box_px"])


def mask_path(made: Path, picture: str) -> Path:
    return made / picture.replace("images/", "masks/").replace(".jpg", ".png")


def test_folds_part_the_labelled_pictures_by_scene(flights: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    for k in (1, 2, 3):
        folder = build(Recipe((str(flights / "smoke"),), fold=(k, 3)), tmp_path / str(k)).parent
        entries = json.loads((folder / "lists.json").read_bytes())["pictures"]
        asked += [e["from"] for e in entries if e["set"] == "real"]
        assert not {e["scene"] for e in entries if e["set"] == "real"} & {
            e["scene"] for e in entries if e["set"] != "real"
        }
    assert sorted(asked) == sorted(p.as_posix() for p in (flights / "smoke" / "images").iterdir())


def test_negatives_are_learned_from_and_labelled_pictures_come_more_often(flights: Path, tmp_path: Path) -> None:
    negatives = (str(flights / "甲"),)
    made = build(Recipe((str(flights / "smoke"),), negatives=negatives, repeat=3), tmp_path / "n").parent
    lines = (made / "train.txt").read_text(encoding="utf-8").splitlines()
    entries = {f"./{e['picture']}": e for e in json.loads((made / "lists.json").read_bytes())["pictures"]}
    for line in set(lines):
        empty = entries[line]["scene"] < 0
        assert lines.count(line) == (1 if empty else 3)
        assert empty == (not entries[line]["boxes"])
    assert sum(entries[line]["scene"] < 0 for line in lines) == 2


def test_test_pictures_keep_their_bytes_and_clean_photos_are_the_held_out_ones(made: Path, flights: Path) -> None:
    for entry in json.loads((made / "lists.json").read_bytes())["pictures"]:
        if entry["set"] == "real":
            assert entry["sha256"] == entry["from_sha256"]
    asked = asked_of([made / "data.yaml"])
    assert sorted(asked.sets) == ["drawn", "real"]
    assert sorted(asked.clean) == sorted((flights / "乙").rglob("*.jpg"))


def test_the_same_recipe_gives_the_same_bytes(recipe: Recipe, made: Path, tmp_path: Path) -> None:
    again = build(recipe, tmp_path / "again", workers=2).parent
    one, other = (json.loads((f / "lists.json").read_bytes()) for f in (made, again))
    assert one == other


def test_known_points_are_kept_off(tmp_path: Path) -> None:
    save(tmp_path / "f" / "images" / "a.jpg", photo(3, 600, 800))
    (tmp_path / "f" / "points.csv").write_text("image,x_px,y_px\na.jpg,100,100\nb.jpg,1,2\n")
    (tmp_path / "f" / "else.csv").write_text("name,x\n1,2\n")
    path = tmp_path / "f" / "images" / "a.jpg"
    known = known_places(path.parent)
    assert known == {"a.jpg": [(100.0, 100.0)], "b.jpg": [(1.0, 2.0)]}
    assert len(list(tiles_of(path, 5, 96, 1, known["a.jpg"]))) == 5
    everywhere = [(float(x), float(y)) for x in range(0, 801, KEEP_OFF_PX) for y in range(0, 601, KEEP_OFF_PX)]
    assert list(tiles_of(path, 5, 96, 1, everywhere)) == []


@pytest.mark.parametrize("row", ["a.jpg,abc,100", "a.jpg,1", "a.jpg,nan,100"])
def test_a_table_of_places_that_are_none_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "points.csv").write_text(f"image,x_px,y_px\n{row}\n")
    with pytest.raises(MissionError, match=r"points\.csv: line 2"):
        known_places(tmp_path)


def test_what_cannot_be_built_is_refused(tmp_path: Path, flights: Path) -> None:
    with pytest.raises(MissionError, match="needs labelled pictures"):
        build(Recipe(), tmp_path / "x")
    with pytest.raises(OutputError, match="is there already"):
        build(Recipe(photos=(str(flights / "甲"),)), tmp_path)
    bad = tmp_path / "bad"
    save(bad / "images" / "a.jpg", photo(1))
    (bad / "labels").mkdir()
    (bad / "labels" / "a.txt").write_text("7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(MissionError, match="class beyond 3"):
        build(Recipe(labelled=(str(bad),)), tmp_path / "y")


def two_flights(root: Path) -> Path:
    """Two flights of one name, with the same photo names, and one name in two formats."""
    for n, place in enumerate(("s1", "s2")):
        save(root / place / "flight" / "a.jpg", photo(70 + n))
    (root / "s2" / "flight" / "A.png").write_bytes(cv2.imencode(".png", photo(72))[1].tobytes())
    save(root / "s2" / "flight" / "b.jpg", photo(73))
    return root


def test_photos_of_one_name_have_tiles_of_their_own(tmp_path: Path) -> None:
    recipe = Recipe(photos=(two_flights(tmp_path / "f").as_posix(),), size_px=64, tiles=8)
    made = build(recipe, tmp_path / "data").parent
    entries = json.loads((made / "lists.json").read_bytes())["pictures"]
    learned = [e for e in entries if e["set"] == "train"]
    assert len(learned) == len({e["picture"].casefold() for e in learned}) == 8
    for entry in entries:
        assert hashlib.sha256((made / entry["picture"]).read_bytes()).hexdigest() == entry["sha256"]
        assert mask_path(made, entry["picture"]).is_file()
    stems = [Path(e["picture"]).stem.rpartition("-")[0] for e in learned[::2]]
    assert stems == ["flight-a", "2~flight-A", "3~flight-a", "flight-b"]
    lines = [json.loads(line)["picture"] for line in (made / "things.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == [e["picture"] for e in entries]


@pytest.mark.parametrize(
    ("learned", "held_out"),
    [("s1", "s1"), (".", "s1"), ("s1", "."), ("s1", "s2/../s1"), ("s1", "copy"), ("copy", "s1")],
)
@pytest.mark.parametrize("how", ["photos", "negatives"])
def test_a_photo_that_is_held_out_is_not_learned_from(
    tmp_path: Path, flights: Path, learned: str, held_out: str, how: str
) -> None:
    root = two_flights(tmp_path / "f")
    (root / "copy").mkdir()
    (root / "copy" / "other.jpg").write_bytes((root / "s1" / "flight" / "a.jpg").read_bytes())
    told: dict[str, tuple[str, ...]] = {how: (str(root / learned),), "held_out": (str(root / held_out),)}
    with pytest.raises(MissionError, match=r"is held out, and .* is the same photo"):
        build(Recipe((str(flights / "smoke"),), **told), tmp_path / "data")  # type: ignore[arg-type]
    assert not (tmp_path / "data").exists()
