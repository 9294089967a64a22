"""An officer's own finding becomes a hit with ellipse, crop, hash and review entry like any other."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipeline import imagery
from pipeline.errors import ImageryError, OutputError
from pipeline.report.crops import write_crop
from pipeline.report.features import feature_with_evidence
from pipeline.report.review_entries import Entry, review_entry
from pipeline.report.reviews import reviews_folder
from pipeline.types import Frame, Hit, Looked


def pin_entry(
    run: Path,
    frame: Frame,
    hit: Hit,
    who: str,
    note: str = "",
    when: datetime | None = None,
    sha256: str | None = None,
) -> Entry:
    """The "added" entry of a pinned hit; its crops are written to RUN.reviews/crops/.

    `hit` comes from `locate` and `fuse` like any other, with origin "officer" and one sighting in `frame`; give the
    entry to `append_review`. `sha256` is the original's where it is known: a film takes long to read. Raises
    ImageryError when the photo cannot be read.
    """
    image, digest = imagery.read(frame), sha256 or imagery.file_sha256(frame.path)
    looked = Looked(frame.id, digest, imagery.sharpness(image), tuple(s.detection for s in hit.sightings))
    feature = feature_with_evidence(hit, {frame.id: frame}, {frame.id: looked})
    shown = next((e for e in feature["properties"]["evidence"] if e["crop"]), None)
    if shown is None:
        raise ImageryError(f"{frame.id}: nothing is known about its camera, so no crop can be cut")
    folder = reviews_folder(run)
    try:
        (folder / "crops").mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise OutputError(f"{folder}: cannot be written ({why.strerror or why})") from why
    write_crop(folder, hit.id, image, shown)
    return review_entry(feature, "added", who, value=feature, note=note, when=when)
