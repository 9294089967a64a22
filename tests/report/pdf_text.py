"""The text of a PDF as typst writes it: plain objects, two-byte codes with a table to Unicode. Not for others' PDFs."""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.S)
_TOKEN = re.compile(rb"/(f\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f]+)>|(ET)", re.S)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """Each page's text, its runs one after the other; spaces at the ends of lines are lost."""
    objects = {int(m[1]): m[2] for m in _OBJECT.finditer(pdf)}
    found = []
    for page in _pages(objects, next(o for o in objects.values() if b"/Type/Pages" in o)):
        resources = objects[_refers(page, b"Resources")]
        fonts = dict(re.findall(rb"/(f\d+) (\d+) 0 R", re.search(rb"/Font<<(.*?)>>", resources)[1]))
        tables = {name: _table(objects, int(number)) for name, number in fonts.items()}
        found.append(_text(_stream(objects[_refers(page, b"Contents")]), tables))
    return found


def _pages(objects: dict[int, bytes], node: bytes) -> list[bytes]:
    kids = re.search(rb"/Kids\[(.*?)\]", node, re.S)
    if kids is None:
        return [node]
    return [page for n in re.findall(rb"(\d+) 0 R", kids[1]) for page in _pages(objects, objects[int(n)])]


def _refers(value: bytes, key: bytes) -> int:
    return int(re.search(rb"/" + key + rb" (\d+) 0 R", value)[1])


def _stream(value: bytes) -> bytes:
    raw = value[value.index(b"stream\n") + 7 : value.rindex(b"\nendstream")]
    return zlib.decompress(raw) if b"FlateDecode" in value.partition(b"stream\n")[0] else raw


def _table(objects: dict[int, bytes], font: int) -> dict[int, str]:
    """Code -> characters."""
    table: dict[int, str] = {}
    cmap = _stream(objects[_refers(objects[font], b"ToUnicode")])
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.S):
        for code, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            table[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.S):
        for first, last, text in re.findall(rb"<(\w+)>\s*<(\w+)>\s*<(\w+)>", part):
            for code in range(int(first, 16), int(last, 16) + 1):
                table[code] = chr(int(text, 16) + code - int(first, 16))
    return table


def _text(content: bytes, tables: dict[bytes, dict[int, str]]) -> str:
    said, table = [], {}
    for font, literal, digits, _end in (m.groups() for m in _TOKEN.finditer(content)):
        if font:
            table = tables[font]
        elif literal is not None or digits:
            raw = bytes.fromhex(digits.decode()) if digits else _ESCAPE.sub(_unescaped, literal)
            said.append("".join(table.get(int.from_bytes(raw[i : i + 2]), "") for i in range(0, len(raw), 2)))
    return "".join(said)


def _unescaped(found: re.Match[bytes]) -> bytes:
    what = found[1]
    return bytes([int(what, 8)]) if what[:1].isdigit() else _ESCAPES.get(what, what)
