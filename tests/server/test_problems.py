"""Every code that the server can answer with has words in both languages, and every error a status."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

import pipeline.server
from pipeline import errors
from pipeline.server.problems import CODES, STATUS, Problem
from pipeline.words import PROBLEMS
from tests.server.conftest import browser

SERVER = Path(pipeline.server.__file__).parent
MADE_BY = ("Problem", "answer")
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PipelineError)]


def codes() -> Iterator[tuple[str, str]]:
    """(code, file) of each Problem and answer that is made with a word written out."""
    for path in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            told = node.args[1:2] if isinstance(node, ast.Call) and ast.unparse(node.func) in MADE_BY else []
            yield from ((str(code.value), path.name) for code in told if isinstance(code, ast.Constant))


def test_every_code_has_words() -> None:
    used = {*codes(), *((code, "problems.py") for code in CODES.values()), ("refused", ""), ("invalid", "")}
    assert not {f"{code} ({name})" for code, name in used if code not in PROBLEMS}
    assert all(zh and en and zh != en for zh, en in PROBLEMS.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_pipeline_error_is_an_answer(kind: type[errors.PipelineError], app: FastAPI) -> None:
    def fails() -> None:
        raise kind("照片 1.jpg: not a picture")

    app.add_api_route("/assets-fail", fails)
    app.router.routes.insert(0, app.router.routes.pop())
    answer = browser(app).get("/assets-fail")
    assert answer.status_code == next(status for known, status in STATUS.items() if issubclass(kind, known))
    assert answer.json() == {"code": kind.__name__, "message": "照片 1.jpg: not a picture", "detail": None}
    assert kind.__name__ in PROBLEMS


def test_a_problem_says_when_to_come_back(app: FastAPI) -> None:
    def fails() -> None:
        raise Problem(429, "too_many", "slowly", 7)

    app.add_api_route("/assets-fail", fails)
    app.router.routes.insert(0, app.router.routes.pop())
    assert browser(app).get("/assets-fail").headers["Retry-After"] == "7"
