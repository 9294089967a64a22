"""Who asks, and what they may: roles of organisations, each of which sees only its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from pipeline.server.problems import Problem

# What each role may do. A route names one of these rights; the table role × route in the tests follows from here.
RIGHTS: dict[str, frozenset[str]] = {
    "administrator": frozenset({"see", "upload", "run", "review", "export", "layers", "tokens", "users", "audit"}),
    "member": frozenset({"see", "upload", "run", "review", "export", "layers", "tokens"}),
    "analyst": frozenset({"see", "export", "tokens"}),
    "judge": frozenset({"see", "export"}),
    "contestant": frozenset({"see", "upload", "run", "review", "export"}),
}


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who signed in, by a browser's cookie or a notebook's token."""

    user_id: str
    organisation_id: str
    login: str
    name: str
    role: str
    host: bool  # of the organisation that runs this server
    rights: frozenset[str]  # the role's, less what the token is not for
    csrf: str = ""  # of the browser's session; empty for a token


def who(request: Request) -> Who:
    """Who asks, as the gate found out; raises Problem 401 for a stranger."""
    found: Who | None = getattr(request.state, "who", None)
    if found is None:
        raise Problem(401, "sign_in", "sign in first")
    return found


def needs(right: str) -> Callable[[Request], Who]:
    """A dependency that lets only those in who have the right; others get 403."""

    def check(request: Request) -> Who:
        found = who(request)
        if right not in found.rights:
            raise Problem(403, "not_allowed", f"your role ({found.role}) may not do this")
        return found

    check.right = right  # type: ignore[attr-defined]  # so that a test can list what each route asks for
    return check


def must_be_host(who: Who) -> None:
    """Raises Problem 403 for what tells of other organisations, unless the asker's runs this server."""
    if not who.host:
        raise Problem(403, "not_allowed", "only administrators of the organisation that runs this server may do this")
