"""Sheets of mistakes show the worst first; false alarms are cut out where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline import imagery
from pipeline.errors import ImageryError, MissionError, OutputError
from pipeline.learn import mine as module
from pipeline.learn.breakdown import Truth
from pipeline.learn.evaluate import Answers, Measured
from pipeline.learn.mine import mine
from pipeline.learn.sheets import ACROSS, CAPTION_PX, CELL_PX, false_alarms, misses, write_sheets
from pipeline.types import Detection

BOX = (20.0, 20.0, 60.0, 60.0)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "图 a.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    path.write_bytes(imagery.encode_jpeg(noise))
    return path.as_posix()


def measured(picture: str) -> Measured:
    answers = Answers(1)
    for n, contrast in enumerate((5.0, 20.0, 10.0)):
        at = (20.0 + 70 * n, 20.0, 60.0 + 70 * n, 60.0)
        answers.truths["smoke"].append(Truth(picture, "smoke", at, contrast_de=contrast, kind=f"k{n}"))
    answers.found["smoke"] = [(picture, 0.9, BOX, (0.0, 0.0)), (picture, 0.7, (200.0, 100.0, 240.0, 140.0), (0.0, 0.0))]
    alarms = (("dust", (picture, 0.6, BOX, (0.0, 0.0))), ("dust", (picture, 0.8, BOX, (0.0, 0.0))))
    return Measured("m", "0", 0.5, False, 0.01, {"drawn": answers}, alarms, (Path(picture),))


def test_the_plainest_miss_and_the_surest_false_alarm_come_first(picture: str) -> None:
    told = measured(picture)
    assert [m.caption for m in misses(told, "smoke")] == ["drawn k1 0.00", "drawn k2 0.00"]
    assert [m.caption for m in false_alarms(told, "smoke")] == ["drawn 0.70"]
    assert [m.caption for m in false_alarms(told, "dust")] == ["clean 0.80", "clean 0.60"]
    assert misses(told, "marker") == [] == false_alarms(told, "marker")


def test_sheets_are_pictures_and_only_where_there_is_something(picture: str, tmp_path: Path) -> None:
    written = write_sheets(measured(picture), tmp_path / "out")
    assert [p.name for p in written] == ["misses-smoke-1.jpg", "false-alarms-smoke-1.jpg", "false-alarms-dust-1.jpg"]
    image = imagery.decode(written[0].read_bytes(), "x")
    assert image.shape == (CELL_PX + CAPTION_PX, ACROSS * CELL_PX, 3)
    assert image[CAPTION_PX:, : 2 * CELL_PX].std() > 20 > image[:, 2 * CELL_PX :].std()  # two cells, then nothing


class Crier:
    """Cries wolf at two places, one of them known."""

    threshold = 0.5

    def __init__(self, model: str) -> None:
        self.model = model

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]:
        places = ((100.0, 100.0), (110.0, 104.0), (700.0, 500.0))
        boxes = [(x - 20, y - 20, x + 20, y + 20) for x, y in places]
        return tuple(Detection(frame_id, "smoke", 0.9 - n / 10, b, (0.0, 0.0)) for n, b in enumerate(boxes))


def test_false_alarms_are_cut_out_once_and_never_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Yolo", Crier)
    folder = tmp_path / "f" / "images"
    folder.mkdir(parents=True)
    image = np.zeros((600, 800, 3), np.uint8)
    image[90:110, 90:110] = 255
    for name in "ab":
        (folder / f"{name}.jpg").write_bytes(imagery.encode_jpeg(image))
    (tmp_path / "f" / "points.csv").write_text("image,x_px,y_px\nb.jpg,700,500\n")
    assert mine("x", [folder], tmp_path / "out", 96) == 3
    names = sorted(p.name for p in (tmp_path / "out" / "images").iterdir())
    assert names == ["f-images-a-00.jpg", "f-images-a-01.jpg", "f-images-b-00.jpg"]
    first = imagery.decode((tmp_path / "out" / "images" / names[0]).read_bytes(), "x")
    assert first.shape == (96, 96, 3) and first.max() > 200
    with pytest.raises(OutputError, match="is there already"):
        mine("x", [folder], tmp_path / "out", 96)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissionError, match="no photos"):
        mine("x", [tmp_path / "empty"], tmp_path / "other", 96)


def test_photos_of_one_name_keep_their_false_alarms_and_half_a_folder_never_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Yolo", Crier)
    folders = [tmp_path / part / "f" / "images" for part in "ab"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "p.jpg").write_bytes(imagery.encode_jpeg(np.zeros((600, 800, 3), np.uint8)))
    count = mine("x", folders, tmp_path / "out", 96)
    assert count == len(list((tmp_path / "out" / "images").iterdir())) == 4
    (folders[1] / "torn.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageryError):
        mine("x", folders, tmp_path / "half", 96)
    assert not [p for p in tmp_path.iterdir() if "half" in p.name]
