"""XMP packets as a flat dict, from attribute form and element form alike, without an XML parser.

`<rdf:Description drone-dji:X="1">` and `<drone-dji:X>1</drone-dji:X>` both give {"drone-dji:X": "1"}. A member
of a structure is named after it: {"drone-skydio:CameraOrientationNED/drone-skydio:Yaw": "12.5"}. Entities other
than XML's own five are left as they stand, so nothing can be expanded. The prefix is taken as the name of the
vocabulary: drones write fixed prefixes, and one maker uses two addresses for the same one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from xml.sax.saxutils import unescape

MAX_BYTES = 1 << 20
MAX_VALUES = 2000
MAX_DEPTH = 32

# Possessive quantifiers, no "<" inside quotes, and no name begun in the middle of one: one pass, whatever the input.
_TAG = re.compile(r"""<(/?)([\w.-]++(?::[\w.-]++)?)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>([^<]*+)""")
_ATTRIBUTE = re.compile(r"""(?<![\w.:-])([\w.-]++:[\w.-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_QUOTES = {"&quot;": '"', "&apos;": "'"}
_FRAME = ("rdf:", "x:")


def read_xmp(packet: bytes) -> dict[str, str]:
    """The packet's values by name; the first of a name wins. Anything unreadable is left out."""
    values: dict[str, str] = {}
    path: list[str] = []
    for closing, name, inside, following in _TAG.findall(packet[:MAX_BYTES].decode("utf-8", "replace")):
        if len(values) >= MAX_VALUES:
            break
        if closing:
            if path:
                path.pop()
            continue
        own = [n for n in (*path, name) if not n.startswith(_FRAME)]
        if "=" in inside:
            _attributes("/".join(own), inside, values)
        if following and own and not following.isspace():
            values.setdefault("/".join(own), unescape(following.strip(), _QUOTES))
        if not inside.endswith("/") and len(path) < MAX_DEPTH:
            path.append(name)
    return values


def _attributes(owner: str, inside: str, values: dict[str, str]) -> None:
    for name, double, single in _ATTRIBUTE.findall(inside):
        if not name.startswith(("xmlns:", *_FRAME, "xml:")):
            key = f"{owner}/{name}" if owner else name
            values.setdefault(key, unescape(double or single, _QUOTES))


def number(values: Mapping[str, str], name: str) -> float | None:
    """A value as a number: "+9.50", "-3", "7/2"; None when missing or not finite."""
    try:
        above, _, below = values.get(name, "").partition("/")
        value = float(above) / float(below) if below else float(above)
    except (ValueError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None
