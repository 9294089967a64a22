"""Hit sheets: a PDF with a summary in front and a page a source, to be printed, signed and filed.

Everything that people or files say goes in as data, never as markup. The same run, reviews, language and zone give the
same bytes where no font of the system had to help out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import imagery
from pipeline.errors import MissionError
from pipeline.files import write_bytes_atomic
from pipeline.report.finished import Finished, read_finished
from pipeline.report.reviewed import without_rejected
from pipeline.report.setting import set_pdf
from pipeline.report.sheet_data import Reader, source_page, summary_page
from pipeline.report.sheet_map import Basemap, open_basemap
from pipeline.report.sheet_text import moment, plain_text, zone
from pipeline.words import Lang

TEMPLATE = Path(__file__).resolve().parent / "sheets" / "hits.typ"
CROP_LONG_SIDE_PX = 760
CONTEXT_LONG_SIDE_PX = 1100
QUALITY = 80
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
    pages = _Pages(done, open_basemap(run), reader)
    data = pages.data(wanted, summary=hits is None)
    pdf, warnings = set_pdf(TEMPLATE, data, _last_moment(done), pages.pictures)
    write_bytes_atomic(out, pdf)
    return warnings


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
    """The data of all pages, and their pictures, which come together in `pictures` under names of ours."""

    done: Finished
    base: Basemap
    reader: Reader
    pictures: dict[str, bytes] = field(default_factory=dict)

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
        self.pictures[name] = data
        return name


def _last_moment(done: Finished) -> datetime:
    """When what the sheets tell was last changed: the latest review, else the flight's end."""
    said = [moment(e.get("when")) for e in done.entries]
    flown = [moment(f["properties"]["last_seen"]) for f in done.collection["features"]]
    return max((t for t in (*said, *flown) if t is not None), default=datetime(1980, 1, 1, tzinfo=UTC))
