"""Which names this server answers to, and which pages may ask it for changes.

A page of a stranger can point its own name at this computer (DNS rebinding) and then talk to us as if to itself. No
name of the outside has a meaning here: addresses in digits, names without a dot, `localhost` and the names given with
`--name` are answered, all others are not.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from starlette.datastructures import Headers

from pipeline.server.problems import Problem

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names given by the administrator."""

    names: frozenset[str] = frozenset()

    def check(self, host: str) -> None:
        """Raises Problem 421 for a Host header that is not ours."""
        name = host_name(host)
        if not (name in self.names or _in_digits(name) or _local(name)):
            raise Problem(421, "wrong_host", "start the server with --name and this name to be reached by it")


def host_name(host: str) -> str:
    """A Host header without its port: '[::1]:8000' -> '::1'; empty when it is none."""
    found = _HOST.fullmatch(host.lower())
    return "" if found is None else (found[1] or found[2]).rstrip(".")


def _in_digits(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _local(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or (name != "" and "." not in name)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that our own page asks; programs that are no browsers say nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
