"""What goes wrong, as an answer: one table from errors to statuses, one form for all of them.

{"code": a word that the page translates, "message": an English sentence, "detail": null or more}
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pipeline import errors

STATUS: dict[type[errors.PipelineError], int] = {
    errors.OutputError: 507,
    errors.GeometryError: 422,
    errors.ImageryError: 422,
    errors.NoPoseError: 422,
    errors.MissionError: 422,
    errors.ModelError: 422,
    errors.ScoreError: 422,
    errors.ContestError: 409,
    errors.PipelineError: 422,
}

CODES = {
    404: "not_found",
    405: "not_allowed_here",
    413: "too_large",
    409: "upload_moved",
    410: "upload_gone",
    423: "upload_busy",
    507: "disk_full",
}


class Problem(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.detail = status, code, message, detail


def answer(status: int, code: str, message: str, detail: Any = None) -> JSONResponse:
    headers = {"Retry-After": str(detail)} if status == 429 else None
    return JSONResponse({"code": code, "message": message, "detail": detail}, status, headers)


async def on_problem(_request: Request, why: Exception) -> JSONResponse:
    assert isinstance(why, Problem)
    return answer(why.status, why.code, why.message, why.detail)


async def on_pipeline_error(_request: Request, why: Exception) -> JSONResponse:
    status = next(s for kind, s in STATUS.items() if isinstance(why, kind))
    return answer(status, type(why).__name__, str(why))


async def on_invalid(_request: Request, why: Exception) -> JSONResponse:
    """Where a body or a parameter is wrong, and how; never what was sent, which may be a password."""
    assert isinstance(why, RequestValidationError)
    wrong = [{"where": [str(part) for part in e["loc"]], "what": str(e["msg"])} for e in why.errors()]
    first = f"{'.'.join(wrong[0]['where'])}: {wrong[0]['what']}" if wrong else "the request makes no sense"
    return answer(422, "invalid", first, wrong)


async def on_http_exception(_request: Request, why: Exception) -> JSONResponse:
    """What the framework, or the library for uploads, says; its headers are part of the protocol."""
    assert isinstance(why, HTTPException)
    told = answer(why.status_code, CODES.get(why.status_code, "refused"), str(why.detail))
    told.headers.update(why.headers or {})
    return told
