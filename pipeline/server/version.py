"""Which Qianliyan this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def our_version() -> str:
    """As installed; "unknown" when run from a copy that nobody installed."""
    try:
        return version("qianliyan")
    except PackageNotFoundError:
        return "unknown"


VERSION = our_version()
