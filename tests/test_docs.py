"""The documentation is tested: commands and options exist, links lead somewhere, pages name what is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
OURS = re.compile(r"`((?:pipeline|tests|tools|docs|missions|models|benchmarks)/[\w./-]*)`")
COMMAND = re.compile(r"^\s*(?:\S*[/\\])?(?:qianliyan|qly) ([a-z]+)\b([^\n#]*)", re.MULTILINE)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code(page: str) -> str:
    return "\n".join(body for _, body in FENCE.findall(page))


@cache
def help_of(*command: str) -> str:
    """The help text of a command; its exit code says whether it exists."""
    environment = os.environ | {"COLUMNS": "220", "NO_COLOR": "1", "TERM": "dumb"}
    call = [sys.executable, "-m", "pipeline", *command, "--help"]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"qianliyan {' '.join(command)}: {done.stderr}"
    return done.stdout


def commands(page: Path) -> set[tuple[str, frozenset[str]]]:
    """(command, options) of every `qianliyan …` line in a page's code blocks."""
    lines = COMMAND.findall(re.sub(r"\\\n", " ", code(page.read_text("utf-8"))))
    return {
        (whole_name(name, rest), frozenset(re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest))) for name, rest in lines
    }


def whole_name(name: str, rest: str) -> str:
    """A command with the words of its group: `contest seal`, `contest targets sign`."""
    depth = {"contest": 2 if rest.split()[:1] == ["targets"] else 1}.get(name, 0)
    return " ".join([name, *rest.split()[:depth]])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    for name, options in commands(page):
        known = set(re.findall(r"--?[a-z][a-z-]*", help_of(*name.split())))
        assert options <= known, f"qianliyan {name} has no {sorted(options - known)}"


def test_the_readme_shows_commands() -> None:
    shown = {name.split()[0] for name, _ in commands(ROOT / "README.md")}
    assert {"demo", "run", "score"} <= shown <= set(re.findall(r"[a-z]+", help_of()))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_files_exist(page: Path) -> None:
    for named in OURS.findall(page.read_text("utf-8")):
        assert (ROOT / named).exists(), named


def test_two_set_up_commands_each_with_plain_lines_beside_it() -> None:
    assert re.findall(r"^make (\w+)", code(README), re.MULTILINE) == ["serve", "test"]
    assert len(re.findall(r"^python3 -m venv", code(README), re.MULTILINE)) == 2
    assert len(re.findall(r"^py -3\.11 -m venv", code(README), re.MULTILINE)) == 2


def test_make_targets_named_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))) <= targets, name_of(page)


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_what_was_given_up(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert headings[:3] == ["Context", "Choice", "Given up"]


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
