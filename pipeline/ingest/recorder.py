"""A live link's messages as a telemetry log (.tlog): each after its time of receipt, as ground stations write them."""

from __future__ import annotations

import struct
import threading
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError


class Recorder:
    """Writes messages as they come, each handed to the system at once: a killed process loses one at most.

    A full disk ends the recording, not the link; `problem` says so. Raises OutputError when the file is there already
    or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.messages, self.problem = path, 0, ""
        self._lock = threading.Lock()
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError as why:
            raise OutputError(f"{path}: is there already; a recording is never overwritten") from why
        except OSError as why:
            raise OutputError(f"{path}: cannot be written ({why.strerror or why})") from why

    def feed(self, message: Any, receipt_ns: int) -> None:
        """Write one pymavlink message."""
        with self._lock:
            if self._file.closed or self.problem:
                return
            try:
                self._file.write(struct.pack(">Q", receipt_ns // 1000) + bytes(message.get_msgbuf()))
                self.messages += 1
            except OSError as why:
                self.problem = f"{self.path}: the recording ended early ({why.strerror or why})"

    def close(self) -> None:
        """End the recording; one without a message is no file."""
        with self._lock:
            self._file.close()
            if self.messages == 0:
                self.path.unlink(missing_ok=True)
