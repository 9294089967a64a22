"""Hit sheets: a PDF with a summary in front and a page a source, to be printed, signed and filed.

typst sets it in this process, in a temporary folder that is all it can read; everything that people or files say goes
in as data, never as markup. The same run, reviews, language and zone give the same bytes where no font of the system
had to help out.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError, OutputError
from pipeline.files import write_bytes_atomic
from pipeline.report.finished import Finished, read_finished
from pipeline.report.reviewed import without_rejected
from pipeline.report.sheet_data import Reader, source_page, summary_page
from pipeline.report.sheet_font import FAMILY, FONTS
from pipeline.report.sheet_map import Basemap, open_basemap
from pipeline.report.sheet_text import beyond_the_font, moment, plain_text, texts_in, zone
from pipeline.words import Lang

TEMPLATE = Path(__file__).resolve().parent / "sheets" / "hits.typ"
CROP_LONG_SIDE_PX = 760
CONTEXT_LONG_SIDE_PX = 1100
QUALITY = 80
MOST_STRANGE = 200  # characters beyond the bundled font that are looked for in the system's fonts
DEFAULT_ZONE = "Asia/Shanghai"
Feature = Mapping[str, Any]


def write_sheets(
    run: Path, out: Path, hits: Collection[str] | None = None, lang: Lang = "zh", tz: str = DEFAULT_ZONE
) -> list[str]:
    """Write the PDF to `out` in one step; returns warnings, one sentence each.

    hits: ids of the sources wanted, rejected ones too, without the summary; None: the summary and every source that
    was not rejected. Raises MissionError when the run is none, is damaged or lacks such a hit, or for an unknown zone;
    OutputError when `out` cannot be written.
    """
    done, reader = read_finished(run), Reader(lang, zone(tz))
    wanted = _wanted(done, hits)
    with tempfile.TemporaryDirectory(prefix="sheets-") as folder:
        root = Path(folder)
        data = _Pages(done, open_basemap(run), reader, root).data(wanted, summary=hits is None)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False, allow_nan=False), "utf-8")
        shutil.copyfile(TEMPLATE, root / "main.typ")
        strange = beyond_the_font(texts_in(data))
        pdf = _compile(root, bool(strange), _last_moment(done))
        missing = [c for c in strange[:MOST_STRANGE] if not _displayable(c, root)]
    write_bytes_atomic(out, pdf)
    return [f"no font on this computer has: {' '.join(missing)}"] if missing else []


def _wanted(done: Finished, hits: Collection[str] | None) -> list[Feature]:
    """The sources in the order of their numbers."""
    features = (done.collection if hits is not None else without_rejected(done.collection))["features"]
    chosen = [f for f in features if hits is None or f["id"] in hits]
    lost = sorted(set(hits or ()) - {f["id"] for f in chosen})
    if lost:
        raise MissionError(f"{done.folder}: there is no hit {lost[0]!r}")
    return sorted(chosen, key=lambda f: done.numbers[f["id"]])


@dataclass(frozen=True, slots=True)
class _Pages:
    """The data of all pages, and their pictures, which are written into `root`."""

    done: Finished
    base: Basemap
    reader: Reader
    root: Path

    def data(self, wanted: Sequence[Feature], summary: bool) -> dict[str, Any]:
        digest = str(self.done.collection["inputs_digest"])
        return {
            "lang": self.reader.lang,
            "words": self.reader.words(),
            "run": plain_text(self.done.collection["mission_id"]),
            "digest": plain_text(digest),
            "software": plain_text(self.done.provenance.get("software", "qianliyan")),
            "summary": self._summary(wanted) if summary else None,
            "sources": [self._source(f) for f in wanted],
        }

    def _summary(self, wanted: Sequence[Feature]) -> dict[str, Any]:
        area_m2, outlines = self.base.searched()
        left_out = [r for r in self.base.rings() if not r.searched]
        window = self.base.whole()
        hits = [(self.done.numbers[f["id"]], f) for f in wanted]
        picture = self._keep("overview.jpg", self.base.picture(window))
        drawing = {**self.base.drawn(window, hits, [*left_out, *outlines]), "picture": picture}
        return {**summary_page(self.done, self.base.data, wanted, area_m2, self.reader), "map": drawing}

    def _source(self, feature: Feature) -> dict[str, Any]:
        hit, window = feature["id"], self.base.about(feature)
        number = self.done.numbers[hit]
        drawing = self.base.drawn(window, [(number, feature)], self.base.rings())
        picture = self._keep(f"{number}-map.jpg", self.base.picture(window))
        return {
            **source_page(self.done, feature, self.reader),
            "map": {**drawing, "picture": picture},
            "crop": self._photo(self.done.crop(hit), f"{number}-crop.jpg", CROP_LONG_SIDE_PX),
            "context": self._photo(self.done.context(hit), f"{number}-context.jpg", CONTEXT_LONG_SIDE_PX),
        }

    def _photo(self, path: Path | None, name: str, long_side_px: int) -> str | None:
        """A picture of the run, reduced, under a name of ours; None when there is none."""
        if path is None:
            return None
        image = imagery.reduced(imagery.decode(imagery.read_bytes(path), path.name), long_side_px)
        return self._keep(name, imagery.encode_jpeg(image, QUALITY))

    def _keep(self, name: str, data: bytes) -> str:
        (self.root / name).write_bytes(data)
        return name


def _compile(root: Path, with_system_fonts: bool, when: datetime) -> bytes:
    import typst

    try:
        pdf = typst.compile(
            root / "main.typ", root=root, font_paths=_fonts(with_system_fonts), timestamp=int(when.timestamp())
        )
    except typst.TypstError as why:
        raise OutputError(f"the sheets cannot be set ({why.message})") from why
    return bytes(pdf)


def _displayable(char: str, root: Path) -> bool:
    """Whether any font of this computer has the character: PDF/A refuses what would be an empty box."""
    import typst

    (root / "char.json").write_text(json.dumps(char), "utf-8")
    source = f'#set text(font: "{FAMILY}")\n#json("char.json")'.encode()
    try:
        typst.compile(source, root=root, font_paths=_fonts(True), pdf_standards="a-2u")
    except typst.TypstError:
        return False
    return True


@lru_cache(maxsize=2)
def _fonts(of_the_system: bool) -> Any:
    """The bundled fonts, and where they do not suffice those of the system."""
    import typst

    return typst.Fonts(include_system_fonts=of_the_system, include_embedded_fonts=True, font_paths=[FONTS])


def _last_moment(done: Finished) -> datetime:
    """When what the sheets tell was last changed: the latest review, else the flight's end."""
    said = [moment(e.get("when")) for e in done.entries]
    flown = [moment(f["properties"]["last_seen"]) for f in done.collection["features"]]
    return max((t for t in (*said, *flown) if t is not None), default=datetime(1980, 1, 1, tzinfo=UTC))
