"""Where the server keeps its things, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` was told; everything lies under `data`, and nothing outside it is ever written."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str = ""  # empty: SQLite in `data`
    workers: int = 1  # processes that work on jobs; each search uses every core by itself
    lease_s: float = 15.0  # how long a worker may be silent before another takes its job
    max_file_bytes: int = 64 * GIB
    names: tuple[str, ...] = ()  # host names it answers to, besides addresses and names without a dot

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database; one for PostgreSQL is told its driver."""
        if not self.database_url:
            return f"sqlite:///{(self.data / 'qianliyan.sqlite').as_posix()}"
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else self.database_url

    @property
    def blobs(self) -> Path:
        """Original bytes by SHA-256: blobs/ab/cd…"""
        return self.data / "blobs"

    @property
    def uploads(self) -> Path:
        """Bytes on their way."""
        return self.data / "uploads"

    @property
    def cards(self) -> Path:
        """cards/FLIGHT: a flight's files under the names they had on the card, linked to their blobs."""
        return self.data / "cards"

    @property
    def runs(self) -> Path:
        """runs/JOB/run, grown as run.partial, with run.reviews and log.txt beside it."""
        return self.data / "runs"

    @property
    def layers(self) -> Path:
        """layers/LAYER: base maps and terrain models as the server reads them."""
        return self.data / "layers"

    @property
    def cache(self) -> Path:
        """What can be made again: tiles of photos."""
        return self.data / "cache"


def prepare(settings: Settings) -> None:
    """Make the folders; raises OutputError when that is not possible."""
    try:
        for name in ("blobs", "uploads", "cards", "runs", "layers", "cache"):
            (settings.data / name).mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise OutputError(f"{settings.data}: cannot be used as the data folder ({why.strerror or why})") from why
