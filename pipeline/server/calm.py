"""How the interpreter is set so that the event loop of a busy server is never kept waiting for long."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005


def calm() -> None:
    """To be called once, when all is loaded and before the first request.

    Each socket read gives the interpreter to another thread, which may keep it for 5 ms if nobody says otherwise. And
    what is loaded now stays: looking through all of it for garbage again and again took a tenth of a second each time.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
