"""report: hit sheets from the command line."""

from __future__ import annotations

import json
import shutil

from tests.report.pdf_text import pages_of


def test_sheets_of_a_run_honour_its_reviews(qly, made, photo, tmp_path):
    run = shutil.copytree(made, tmp_path / "航次 1")
    assert qly("pin", run, photo, "--pixel", "30,40", "--class", "smoke/straw", "--who", "张三").code == 0
    ended = qly("report", run, "--pdf", tmp_path / "表.pdf", "--tz", "UTC")
    assert ended.code == 0 and "表.pdf" in ended.out
    found = json.loads((made / "hits.geojson").read_bytes())["features"]
    pages = pages_of((tmp_path / "表.pdf").read_bytes())
    assert len(pages) == 1 + len(found) + 1
    assert "秸秆焚烧" in pages[-1] and "人工新增" in pages[-1] and "张三" in pages[-1]
    assert found[0]["id"] in pages[1] and "UTC+08:00" not in pages[1]


def test_in_english(qly, made, tmp_path):
    assert qly("report", made, "--pdf", tmp_path / "a.pdf", "--lang", "en").code == 0
    assert "pollution sources" in pages_of((tmp_path / "a.pdf").read_bytes())[0]


def test_what_cannot_be_done_is_one_sentence(qly, made, tmp_path):
    assert "is not a run folder" in qly("report", tmp_path, "--pdf", tmp_path / "a.pdf").sentence()
    assert "not a time zone" in qly("report", made, "--pdf", tmp_path / "a.pdf", "--tz", "Mars").sentence()
    assert "cannot be written" in qly("report", made, "--pdf", tmp_path / "none" / "a.pdf").sentence()
    assert qly("report", made, "--pdf", tmp_path / "a.pdf", "--lang", "fr").code == 2
    assert "hits.geojson" in qly("report", made, "--pdf", made / "hits.geojson").sentence()
    assert not (tmp_path / "a.pdf").exists()
