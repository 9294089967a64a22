"""Measuring, with a detector whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pipeline import imagery
from pipeline.cli.learn import evaluate as command
from pipeline.cli.learn import export, train
from pipeline.detect.models import AS_THEY_ARE
from pipeline.errors import MissionError, ModelError
from pipeline.learn import evaluate as module
from pipeline.learn.evaluate import evaluate
from pipeline.types import Detection

APP = typer.Typer()
APP.command("train")(train)
APP.command("eval")(command)
APP.command("export")(export)


class Known:
    """Finds the left half in dark pictures, and in light ones things that are not there."""

    name, digest, threshold = "yolo:known", "0", 0.25
    calibration = AS_THEY_ARE

    def __init__(self, model: str) -> None:
        self.model = model

    def find(self, image: imagery.Image, frame_id: str) -> tuple[Detection, ...]:
        h, w = image.shape[:2]
        if image.mean() > 128:
            return tuple(self._one(frame_id, "dust", c, (0.0, 0.0, 9.0, 9.0)) for c in (0.9, 0.6, 0.3))
        found = [("smoke/straw", 0.8, (-0.5, -0.5, w / 2 - 0.5, h - 0.5)), ("smoke", 0.4, (0.0, 0.0, 3.0, 3.0))]
        return tuple(self._one(frame_id, label, c, box) for label, c, box in [*found, ("cat", 0.9, found[0][2])])

    def _one(self, frame_id: str, label: str, confidence: float, box: tuple[float, ...]) -> Detection:
        return Detection(frame_id, label, confidence, box, (0.0, 0.0))  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set: two dark pictures with smoke on the left, and two clean, light photos."""
    folder = tmp_path / "数据 set"
    for sub in ("images/real", "labels/real", "clean"):
        (folder / sub).mkdir(parents=True)
    for n in range(2):
        shape = (60, 80 + n, 3)
        (folder / f"images/real/{n}.jpg").write_bytes(imagery.encode_jpeg(np.full(shape, 40, np.uint8)))
        (folder / f"labels/real/{n}.txt").write_text("0 0.25 0.5 0.5 1\n")
        (folder / f"clean/{n}.jpg").write_bytes(imagery.encode_jpeg(np.full(shape, 200, np.uint8)))
    (folder / "real.txt").write_text("./images/real/0.jpg\n./images/real/1.jpg\n")
    (folder / "drawn.txt").write_text("")
    (folder / "clean.txt").write_text("".join(f"{(folder / f'clean/{n}.jpg').as_posix()}\n" for n in range(2)))
    (folder / "lists.json").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Yolo", Known)


def test_figures_by_hand(data: Path) -> None:
    figures = evaluate("known", [data])
    smoke = figures["sets"]["real"]["smoke"]
    assert smoke == {"boxes": 2, "ap_0.3": 1.0, "ap_0.5": 1.0}
    assert figures["sets"]["real"]["dust"] == {"boxes": 0, "ap_0.3": None, "ap_0.5": None}
    assert list(figures["sets"]) == ["real"] and figures["clean_photos"] == 2
    table = {row["asked"]: row for row in figures["at_false_alarms"]}
    # six false alarms: two each at 0.9, 0.6 and 0.3
    assert (table[5.0]["false_alarms"], table[5.0]["threshold"]) == (3.0, 0.01)
    assert (table[2.0]["false_alarms"], table[2.0]["by_class"]["dust"]) == (2.0, 4)
    assert table[1.0]["recall"]["real"]["smoke"] == 1.0
    assert (table[0.5]["false_alarms"], table[0.5]["recall"]["real"]["smoke"]) == (0.0, 0.0)


def test_a_plain_folder_of_labelled_pictures_will_do(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "labels").mkdir(parents=True)
    (folder / "images").mkdir()
    (folder / "images" / "a.jpg").write_bytes((data / "images/real/0.jpg").read_bytes())
    (folder / "labels" / "a.txt").write_bytes((data / "labels/real/0.txt").read_bytes())
    figures = evaluate("known", [folder])
    assert figures["sets"]["mine"]["smoke"]["ap_0.5"] == 1.0
    assert figures["at_false_alarms"] == [] and figures["clean_photos"] == 0


def test_a_data_set_that_is_not_whole_is_refused(data: Path) -> None:
    (data / "real.txt").unlink()
    with pytest.raises(MissionError, match=r"real\.txt"):
        evaluate("known", [data])


def test_the_command_shows_a_table_and_writes_json(data: Path, tmp_path: Path) -> None:
    ended = CliRunner().invoke(APP, ["eval", "known", "--data", str(data), "-o", str(tmp_path / "out")])
    assert ended.exit_code == 0, ended.output
    assert "平均精度" in ended.output and "smoke" in ended.output and "1.000" in ended.output
    assert (tmp_path / "out" / "eval.json").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["eval", "x"],
        ["export", "x"],
        ["train", "-o", "run", "--size", "5"],
        ["train", "-o", "run", "--hours", "0"],
        ["train", "-o", "run"],
        ["train", "-o", "run", "--resume", "--photos", "."],
    ],
)
def test_mistaken_words_are_exit_code_2(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(APP, words).exit_code == 2


@pytest.mark.parametrize("words", [["train", "-o", "run", "--photos", "."], ["export", "run", "-o", "x.onnx"]])
def test_without_the_extra_one_sentence_says_so(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ImportError("no torch")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline.learn.train.awake", missing)
    (tmp_path / "run" / "fit" / "weights").mkdir(parents=True)
    (tmp_path / "run" / "fit" / "weights" / "last.pt").write_bytes(b"")
    (tmp_path / "run" / "train.json").write_text('{"options": {"data": "x"}}')
    ended = CliRunner().invoke(APP, words)
    assert isinstance(ended.exception, ModelError)
    assert "pip install 'qianliyan[train]'" in str(ended.exception)
    assert not (tmp_path / "run" / "data").exists()


def labelled(folder: Path, words: str) -> Path:
    for sub in ("images", "labels"):
        (folder / sub).mkdir(parents=True)
    (folder / "images" / "a.jpg").write_bytes(imagery.encode_jpeg(np.full((60, 80, 3), 40, np.uint8)))
    (folder / "labels" / "a.txt").write_text(words)
    return folder


def test_folders_of_one_name_count_together(tmp_path: Path) -> None:
    folders = [labelled(tmp_path / part / "test", "0 0.25 0.5 0.5 1\n") for part in ("a", "b")]
    told = evaluate("known", folders)["sets"]["test"]
    assert (told["pictures"], told["smoke"]["boxes"]) == (2, 2)


def test_a_class_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="a class beyond 3; there are smoke"):
        evaluate("known", [labelled(tmp_path / "set", "4 0.25 0.5 0.5 1\n")])


def test_without_clean_photos_nothing_can_be_calibrated(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="wants clean photos"):
        module.measure("known", [labelled(tmp_path / "set", "0 0.25 0.5 0.5 1\n")], raw=True)
