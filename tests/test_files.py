from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.files import write_atomic, write_bytes_atomic, write_json_atomic
from pipeline.report.tables import text_cell
from pipeline.words import CLASSES, SUBJECTS, both, class_word, word


def test_replaces_and_leaves_nothing_aside(tmp_path: Path) -> None:
    path = tmp_path / "排污口 1.bin"
    write_bytes_atomic(path, b"one")
    write_bytes_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes_atomic(path, b"one")

    def half(aside: Path) -> None:
        aside.write_bytes(b"tw")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        write_atomic(path, half)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_bytes_atomic(tmp_path / "nowhere" / "a", b"")


def test_a_file_in_the_folder_s_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_bytes_atomic(tmp_path / "file" / "a", b"")


def test_json_is_utf8_without_nan(tmp_path: Path) -> None:
    write_json_atomic(tmp_path / "a.json", {"地点": [1, None]})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"地点": [1, None]}
    assert "地点" in (tmp_path / "a.json").read_text("utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_atomic(tmp_path / "b.json", {"a": math.nan})
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "＝1"])
def test_text_is_never_a_formula(text: str) -> None:
    assert text_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "DJI_0001.JPG", "排污口", "a=b", "1-2"])
def test_other_text_stays(text: str) -> None:
    assert text_cell(text) == text


def test_every_word_is_in_both_languages() -> None:
    for chinese, english in (*SUBJECTS["survey"].values(), *CLASSES.values()):
        assert chinese
        assert english
        assert (
            any("\u4e00" <= c <= "\u9fff" for c in chinese)
            or chinese == english
            or "WGS" in chinese
            or "CGCS" in chinese
        )
    assert word("hits", "zh") == "污染点"
    assert both("photo") == "照片 Photo"


def test_classes_have_words_and_unknown_ones_fall_back() -> None:
    assert class_word("outfall", "zh") == "排污口"
    assert class_word("smoke/unheard-of", "zh") == "烟雾"
    assert class_word("unheard-of/thing", "zh") == "unheard-of/thing"


def test_importing_the_report_loads_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.report, pipeline.files, pipeline.report.reviews; "
        "heavy = {'cv2', 'geopandas', 'pandas', 'rasterio', 'openpyxl', 'shapely', 'pyproj', 'scipy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
