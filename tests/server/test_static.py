"""The built front end that travels with the package: as new as its sources, and in need of nothing from outside."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.words import CLASSES, PROBLEMS, SUBJECTS, WORDS

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
STATIC = ROOT / "pipeline" / "server" / "static"
SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "public", "src")


def files_under(*places: Path) -> Iterator[Path]:
    for place in places:
        yield from (p for p in (place.rglob("*") if place.is_dir() else [place]) if p.is_file())


def digest_of_sources() -> str:
    """As web/scripts/stamp.mjs computes it; line ends do not count."""
    digest = hashlib.sha256()
    named = {path.relative_to(WEB).as_posix(): path for path in files_under(*(WEB / name for name in SOURCES))}
    for name in sorted(named):
        content = named[name].read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def built(*endings: str) -> list[Path]:
    return [path for path in files_under(STATIC) if path.suffix in endings]


def test_built_from_these_sources() -> None:
    told = json.loads((STATIC / "build.json").read_text("utf-8"))
    assert told["sources"] == digest_of_sources(), "web/ has changed: build it again with `make web`"


def test_words_are_those_of_the_catalogue() -> None:
    written = (WEB / "src" / "words.ts").read_text("utf-8")
    source = runpy.run_path(str(ROOT / "tools" / "web_words.py"))["source"]
    assert written == source(), "the words have changed: run tools/web_words.py"


def test_every_part_that_is_named_is_there() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    named = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert any(name.endswith(".js") for name in named)
    assert [name for name in named if not (STATIC / name).is_file()] == []
    parts = {path.name for path in files_under(STATIC / "assets")}
    for path in built(".js", ".mjs", ".css"):
        asked = set(
            re.findall(r"""["'(](?:\./|/assets/|assets/)([\w.-]+\.(?:js|mjs|css))["')]""", path.read_text("utf-8"))
        )
        assert asked <= parts, f"{path.name} names {sorted(asked - parts)}"


def test_page_holds_no_script_of_its_own() -> None:
    """The content policy allows scripts from files only."""
    page = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son\w+=|<style|\sstyle=", page) == []


# What loads, as against an address in a sentence, a licence or a namespace.
LOADS = re.compile(
    r"""(?:import\s*\(?|fetch\(|importScripts\(|new Worker\(|src=|url\(|from)\s*["'`]?(?:https?:)?//[\w.-]+"""
)


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in built(".html", ".js", ".mjs", ".css", ".svg"):
        assert LOADS.findall(path.read_text("utf-8")) == [], path.name
    for path in built(".html", ".css"):
        assert re.findall(r"https?://[^\s\"')]+", path.read_text("utf-8")) == [], path.name


def test_no_source_maps_and_no_machine_s_paths() -> None:
    assert [path.name for path in files_under(STATIC) if path.suffix == ".map"] == []
    for path in built(".js", ".mjs", ".css"):
        assert "sourceMappingURL" not in path.read_text("utf-8"), path.name
        assert "node_modules/" not in path.read_text("utf-8"), path.name


def test_names_change_with_content() -> None:
    """They are cached for a year."""
    for path in files_under(STATIC / "assets"):
        assert re.search(r"-[\w-]{8}\.\w+(\.gz)?$", path.name), path.name


def test_packed_parts_are_the_parts() -> None:
    packed = [path for path in files_under(STATIC) if path.suffix == ".gz"]
    assert packed
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes(), path.name


def test_first_page_is_small() -> None:
    """What is loaded before anything is seen: the page, its scripts and styles."""
    page = (STATIC / "index.html").read_text("utf-8")
    first = [STATIC / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)]
    sizes = {path.name: path.stat().st_size for path in first}
    print(f"\nfirst page {sum(sizes.values()):,} bytes: {sizes}")
    print(f"all {sum(path.stat().st_size for path in files_under(STATIC)):,} bytes")
    assert not any("maplibre" in name or "openseadragon" in name for name in sizes)
    assert sum(sizes.values()) < 250_000


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert [name for name, told in lock["packages"].items() if "resolved" in told] == []
    assert all("integrity" in told for name, told in lock["packages"].items() if name)


def test_no_word_stands_twice() -> None:
    keys = [key for subject in SUBJECTS.values() for key in subject]
    assert sorted(keys) == sorted(set(keys)), sorted({key for key in keys if keys.count(key) > 1})
    assert set(WORDS) == set(keys)


@pytest.mark.parametrize("table", [WORDS, CLASSES, PROBLEMS])
def test_every_word_is_in_both_languages(table: dict[str, tuple[str, str]]) -> None:
    for key, both in table.items():
        chinese, english = both
        assert chinese.strip() == chinese and chinese, key
        assert english.strip() == english and english, key
        assert re.findall(r"\{(\w+)\}", chinese) == re.findall(r"\{(\w+)\}", english) or sorted(
            re.findall(r"\{(\w+)\}", chinese)
        ) == sorted(re.findall(r"\{(\w+)\}", english)), f"{key}: other values in the other language"
        assert not re.search(r"[\u4e00-\u9fff]", english), key
