"""An organisation's base map from outside: which address, and which hosts pages may load it from."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator

from pipeline.server.fields import Asked, Line
from pipeline.server.people import example

TIANDITU = "https://*.tianditu.gov.cn"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _template(url: str) -> str:
    """An address of tiles that can stand in a page's content policy; raises ValueError."""
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with https:// or http://")
    if "@" in parts.netloc or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("must name a host in plain letters, without a user or a password")
    if parts.port == 0 or not url.isascii() or set(url) & set(" \"'<>\\;,"):  # a port above 65535 raises by itself
        raise ValueError("must be an address without spaces, quotes, commas or semicolons")
    places = re.findall(r"{[^}]*}", parts.path + "?" + parts.query)
    if sorted(places) not in (["{x}", "{y}", "{z}"], ["{key}", "{x}", "{y}", "{z}"]):
        raise ValueError("must hold {z}, {x} and {y}, each once, and may hold {key}")
    return url


class Basemap(Asked):
    """Tiles in Web Mercator: any XYZ address, or Tianditu with a key."""

    model_config = example(
        {"kind": "xyz", "url": "https://tiles.example.cn/img/{z}/{x}/{y}.png", "key": "", "attribution": "省测绘院"}
    )
    kind: Literal["xyz", "tianditu"]
    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_template)] = ""
    key: Annotated[str, StringConstraints(strip_whitespace=True, pattern="^[A-Za-z0-9_-]{0,100}$")] = ""
    attribution: Line = ""

    @model_validator(mode="after")
    def _is_enough(self) -> Basemap:
        if self.kind == "xyz" and not self.url:
            raise ValueError("an XYZ base map needs its address")
        if "{key}" in self.url and not self.key:
            raise ValueError("the address asks for a key, and there is none")
        if self.kind == "tianditu" and not self.key:
            raise ValueError("Tianditu needs a key")
        return self


class OrganisationSettings(Asked):
    basemap: Basemap | None = None


class SettingsShown(BaseModel):
    basemap: Basemap | None


def hosts(settings: dict[str, Any]) -> tuple[str, ...]:
    """Sources for a content policy, from what an organisation has set."""
    basemap = settings.get("basemap")
    if not basemap:
        return ()
    if basemap["kind"] == "tianditu":
        return (TIANDITU,)
    parts = urlsplit(basemap["url"])
    return (f"{parts.scheme}://{parts.netloc.lower()}",)
