"""Names that come from a stranger's disk, made fit for ours: one form on Linux and on Windows, and never a way out.

A path is what the browser says lies on the card: parts joined by "/". It is brought to Unicode's NFC, because macOS
sends 照片 and é taken apart.
"""

from __future__ import annotations

import re
import unicodedata

PART_BYTES = 240  # UTF-8; file systems take 255, and a little is kept for a file aside
PATH_BYTES = 1_500
PATH_CHARS = 1_000  # the column's width
DEPTH = 32

_FORBIDDEN = re.compile(r'[<>:"|?*\\]')  # what Windows has no names with; a drive and a stream need the colon
_BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")  # let gpj.exe look like exe.jpg
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)
_CATEGORIES = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})  # controls, half characters, none at all, line ends


class Refused(Exception):
    """A file that is not taken; `code` is a word of the catalogue, `detail` an English sentence that says more."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail

    @property
    def reason(self) -> str:
        """As the database keeps it."""
        return f"{self.code}: {self.detail}" if self.detail else self.code


def card_name(path: str) -> str:
    """The path as it is kept, relative, with "/" between its parts; raises Refused."""
    path = unicodedata.normalize("NFC", path)
    parts = path.split("/")
    for part in parts:
        _check_part(part)
    if len(path.encode()) > PATH_BYTES or len(path) > PATH_CHARS or len(parts) > DEPTH:
        raise Refused("name_long")
    return path


def _check_part(part: str) -> None:
    if part in ("", ".", "..") or part != part.strip() or part.endswith("."):
        raise Refused("name_bad")
    if _FORBIDDEN.search(part) or _BIDI.search(part) or any(unicodedata.category(c) in _CATEGORIES for c in part):
        raise Refused("name_bad")
    if _RESERVED.fullmatch(part.partition(".")[0].rstrip()):
        raise Refused("name_reserved")
    if part.startswith("."):
        raise Refused("name_hidden")
    if len(part.encode()) > PART_BYTES:
        raise Refused("name_long")


def shown(text: str, most: int = PATH_CHARS) -> str:
    """Any line as something that can be kept and shown: of a refused name, what can be said of it."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    kept = (c if unicodedata.category(c) not in _CATEGORIES and not _BIDI.match(c) else "�" for c in text)
    return "".join(kept)[:most]


def key(path: str) -> str:
    """What two names share when Windows cannot tell them apart."""
    return unicodedata.normalize("NFC", path.casefold())


class Taken:
    """The names that a flight has: no two files under one name, and none where another's folder is."""

    def __init__(self, paths: list[str]) -> None:
        self._files: dict[str, str] = {}
        self._folders: set[str] = set()
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        self._files[key(path)] = path
        self._folders.update(_folders(key(path)))

    def check(self, path: str) -> None:
        """Raises Refused when the name cannot stand beside those that are there."""
        folded = key(path)
        if self._files.get(folded, path) != path:
            raise Refused("name_case")
        if folded in self._folders or any(folder in self._files for folder in _folders(folded)):
            raise Refused("folder_taken")


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]
