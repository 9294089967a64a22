"""How fast a card is indexed, beside Pillow reading EXIF alone. Headers only, one core, files in the page cache.

    python benchmarks/ingest.py [FOLDER] [--photos 10000]

Without FOLDER, header-only photos with a maker note of 30 kB are written to a temporary folder; with FOLDER, its
photos are linked again and again until there are enough of them (real headers: flights/brighton/images).
"""

from __future__ import annotations

import argparse
import os
import struct
import tempfile
import time
from itertools import cycle
from pathlib import Path

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="DJI Meta Data" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
 drone-dji:GpsLatitude="+34.75" drone-dji:GpsLongitude="+113.62" drone-dji:AbsoluteAltitude="+150.00"
 drone-dji:RelativeAltitude="+50.00" drone-dji:GimbalRollDegree="+0.00" drone-dji:GimbalYawDegree="+9.50"
 drone-dji:GimbalPitchDegree="-90.00" drone-dji:CalibratedFocalLength="3666.67"/></rdf:RDF></x:xmpmeta>"""


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def photo() -> bytes:
    """A JPEG header with a camera model, a maker note and XMP."""
    model, note = b"FC6310\0", os.urandom(30_000)
    entries = [(0x0110, 2, len(model), 38), (0x927C, 7, len(note), 46)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + b"\0" * 4
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory + model + b"\0" + note
    size = segment(0xC0, struct.pack(">BHHB", 8, 3648, 5472, 1) + b"\1\x11\0")
    packet = b"http://ns.adobe.com/xap/1.0/\0" + XMP.encode()
    return b"\xff\xd8" + segment(0xE1, exif) + segment(0xE1, packet) + size + segment(0xDA, b"\0" * 6) + b"\xff\xd9"


def fill(folder: Path, source: Path | None, count: int) -> None:
    if source is None:
        for i in range(count):
            (folder / f"DJI_{i:05}.JPG").write_bytes(photo())
        return
    photos = sorted(p for p in source.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"})
    for i, path in zip(range(count), cycle(photos), strict=False):
        data = path.read_bytes()[:400_000]  # all of the header, little of the pixels
        (folder / f"{i:05}_{path.name}").write_bytes(data)


def pillow(folder: Path) -> float:
    from PIL import Image

    start = time.perf_counter()
    for path in folder.iterdir():
        with Image.open(path) as image:
            exif = image.getexif()
            exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    return time.perf_counter() - start


def ours(folder: Path) -> float:
    from pipeline.ingest import open_mission

    start = time.perf_counter()
    mission = open_mission(folder)
    took = time.perf_counter() - start
    assert not mission.skipped, mission.skipped[0]
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--photos", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        fill(folder, options.folder, options.photos)
        ours(folder)  # warms the page cache and the imports
        rows = [("open_mission (EXIF, XMP, poses, heights)", ours(folder)), ("Pillow (EXIF alone)", pillow(folder))]
    for name, seconds in rows:
        print(f"{name:42} {seconds:6.2f} s  {seconds / options.photos * 1e3:6.3f} ms a photo")
    print(f"Pillow / open_mission = {rows[1][1] / rows[0][1]:.2f}")


if __name__ == "__main__":
    main()
