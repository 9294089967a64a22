"""One colour a class, the same in every map; after Okabe and Ito (2008), told apart by colour-blind eyes too."""

from __future__ import annotations

import zlib

_BY_ROOT = {
    "outfall": "#d55e00",
    "dust": "#e69f00",
    "smoke": "#7b5ea7",
    "burn-scar": "#8c2d04",
    "marker": "#0072b2",
}
_OTHERS = ("#009e73", "#cc3d87", "#56b4e9", "#b8a200", "#c23b3b", "#3d7f6b")


def class_colour(label: str) -> str:
    """The colour "#rrggbb" of a class path: that of its first part; unknown ones get one by their name."""
    root = label.partition("/")[0]
    return _BY_ROOT.get(root, _OTHERS[zlib.crc32(root.encode()) % len(_OTHERS)])
