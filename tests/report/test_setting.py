"""Setting a PDF: data are data, nothing of them is left on the disk, and equal input gives equal bytes."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import OutputError
from pipeline.report import setting
from pipeline.report.setting import set_pdf
from pipeline.report.sheet_font import covered
from tests.report.pdf_text import pages_of

WHEN = datetime(2026, 5, 1, 8, tzinfo=UTC)
FONT = '#set text(font: "Qianliyan Sans")\n'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>'


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "parts.typ").write_text("#let shown(t) = [#t]", "utf-8")
    main = tmp_path / "main sheet.typ"
    main.write_text(f'{FONT}#import "parts.typ": shown\n#shown(json("data.json").text)', "utf-8")
    return main


def test_a_template_may_use_those_beside_it(template: Path) -> None:
    pdf, warnings = set_pdf(template, {"text": "目标 #strong[x] *y* $z$"}, WHEN)
    assert pages_of(pdf) == ["目标 #strong[x] *y* $z$"] and warnings == []
    assert pdf == set_pdf(template, {"text": "目标 #strong[x] *y* $z$"}, WHEN)[0]
    assert b"D:20260501080000" in pdf


@settings(max_examples=25, deadline=None)
@given(
    st.text(
        st.sampled_from(sorted(covered() - {" ", "\u00a0", "\u2009", "\u200a", "\u202f", "\u3000", "\xad"})),
        min_size=1,
        max_size=20,
    )
)
def test_any_text_of_the_font_is_set_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    main = tmp_path_factory.mktemp("t") / "main.typ"
    main.write_text(f'{FONT}#json("data.json").text', "utf-8")
    assert "".join(pages_of(set_pdf(main, {"text": text}, WHEN)[0])) == text


def test_data_never_touch_the_disk(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    whole = setting._compile

    def watched(files: Any, root: str, *rest: Any) -> bytes:
        seen.append([path.name for path in Path(root).iterdir()])
        return whole(files, root, *rest)

    monkeypatch.setattr(setting, "_compile", watched)
    before = set(Path(tempfile.gettempdir()).glob("sheets-*"))
    set_pdf(template, {"text": "secret"}, WHEN, {"map.svg": SVG, "crop.jpg": b"pixels"})
    assert seen == [["crop.jpg"]]
    assert set(Path(tempfile.gettempdir()).glob("sheets-*")) <= before


def test_drawings_are_shown(template: Path) -> None:
    template.write_text('#image("map.svg")', "utf-8")
    assert len(set_pdf(template, {}, WHEN, {"map.svg": SVG})[0]) > 1000


@pytest.mark.parametrize("source", ["#let x =", '#json("data.json").none', '#read("/etc/hostname")', '#read("../a")'])
def test_what_cannot_be_set_is_one_sentence_without_data(template: Path, source: str) -> None:
    template.write_text(source, "utf-8")
    with pytest.raises(OutputError, match="the sheets cannot be set") as caught:
        set_pdf(template, {"text": "secret"}, WHEN)
    assert "secret" not in str(caught.value) and caught.value.__suppress_context__
