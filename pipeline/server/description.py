"""The API in OpenAPI's words: what FastAPI knows of the routes, and what it cannot know of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
TEXT = """Qianliyan 千里眼: flights, runs, hits and reviews.

Notebooks send `Authorization: Bearer TOKEN` (made on the page of one's account); browsers send their cookie and,
where something changes, `X-CSRF-Token` from `/auth/state`. Times are UTC, coordinates [lon, lat] in WGS 84,
ids 16 hex digits.
What belongs to another organisation is answered with 404. Every path under /api is 401 to a stranger."""
ERROR = {
    "title": "Error",
    "type": "object",
    "required": ["code", "message", "detail"],
    "properties": {
        "code": {"type": "string", "description": "A word that the page translates."},
        "message": {"type": "string", "description": "One English sentence."},
        "detail": {"description": "null, or more: seconds to wait, what is missing."},
    },
    "examples": [{"code": "not_found", "message": "there is no such flight", "detail": None}],
}
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "qly_session"},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description as JSON; keys in the order of the routes."""
    app.description = TEXT
    told = app.openapi()
    parts = told.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Error"] = ERROR
    parts["securitySchemes"] = SCHEMES
    for path, operation in _operations(told):
        _complete(path, operation)
    return told


def _operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in told["paths"].items():
        yield from ((path, item[method]) for method in METHODS if method in item)


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Errors have one form, and all but the pages and /auth need to know who asks."""
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = {"description": "What was sent makes no sense", **error}
    if path.startswith(("/api", "/metrics")):
        operation["security"] = [{"token": []}, {"session": []}]
        responses.setdefault("401", {"description": "Nobody is signed in", **error})
        responses.setdefault("403", {"description": "The role, or the token, may not do this", **error})
        if "{" in path:
            responses.setdefault("404", {"description": "It is not there, or not yours", **error})
