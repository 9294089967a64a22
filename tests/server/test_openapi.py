"""The description of the API: in the docs as it is in the application, and nothing without an example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from pipeline.files import json_bytes
from pipeline.server.description import describe

OPENAPI = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
OURS = ("auth", "accounts", "organisations", "audit")


def test_the_file_in_docs_is_current(app: FastAPI) -> None:
    assert OPENAPI.read_bytes() == json_bytes(describe(app)), "python tools/openapi.py writes it again"


def test_it_is_for_those_who_are_signed_in(client: TestClient, stranger: TestClient) -> None:
    assert stranger.get("/api/openapi.json").status_code == 401
    assert client.get("/api/openapi.json").json()["openapi"].startswith("3.1")


def test_every_operation_says_what_it_is(app: FastAPI) -> None:
    told = describe(app)
    for path, item in told["paths"].items():
        for method, operation in item.items():
            assert operation.get("summary"), f"{method} {path}"
            assert path.startswith(("/auth", "/healthz")) or operation["security"], f"{method} {path}"


def test_bodies_of_accounts_have_examples_that_hold(app: FastAPI) -> None:
    """Each object that accounts send or get has an example, its own or through its parts."""
    from jsonschema import Draft202012Validator

    told = describe(app)
    schemas = told["components"]["schemas"]
    for name in sorted(_named(told, schemas)):
        for example in schemas[name].get("examples", []):
            rooted = {"$ref": f"#/components/schemas/{name}", "components": told["components"]}
            Draft202012Validator(rooted).validate(json.loads(json.dumps(example)))


def _named(told: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    found = set()
    for item in told["paths"].values():
        for operation in item.values():
            if set(operation.get("tags", [])) & set(OURS):
                text = json.dumps(operation)
                found |= {name for name in schemas if f'schemas/{name}"' in text and name != "Error"}
    for name in found:
        whole = json.dumps(schemas[name])
        parts = any(f'schemas/{part}"' in whole and "examples" in schemas[part] for part in schemas)
        assert "examples" in schemas[name] or parts, f"{name} has no example"
    return found
