"""After the seal the plain truth has to go; this overwrites and removes it when somebody asks for it.

Overwriting reaches the bytes on a spinning disk and on many memory sticks. It does not on solid-state drives, on file
systems that copy on write or keep snapshots, in backups or in what an editor left behind: there only an encrypted disk,
or the destruction of the medium, helps. Best is a survey that never lay on another medium than one stick, kept locked.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pipeline.contest.folder import Contest
from pipeline.contest.store import file_sha256
from pipeline.contest.truth.folder import SHEET, SIGNED, SURVEY, TARGETS, read_truth
from pipeline.errors import ContestError, OutputError

CHUNK = 2**20


def shred(truth: Path, contest: Contest, vault: Path) -> list[str]:
    """Overwrite and remove TRUTH's files once they are sealed; returns names that were left, since they are not ours.

    Raises:
        ContestError: this truth is not what the contest sealed, or VAULT is not the sealed vault: nothing is removed.
        OutputError: a file cannot be overwritten or removed.
    """
    whole = read_truth(truth)
    seals = [e.body for e in contest.events if e.kind == "seal" and e.body["survey"]["truth_digest"] == whole.digest]
    if not seals:
        raise ContestError(f"{truth}: these targets are not sealed in this contest; nothing was removed")
    if file_sha256(vault) != seals[0]["vault_sha256"]:
        raise ContestError(f"{vault}: is not the vault of these targets; nothing was removed")
    for name in (TARGETS, SHEET, SIGNED, SURVEY):
        if (truth / name).exists():
            _shred_file(truth / name)
    left = sorted(f.name for f in truth.iterdir())
    if not left:
        with suppress(OSError):
            truth.rmdir()
    return left


def _shred_file(path: Path) -> None:
    """Random bytes over it, forced to the medium, then removed."""
    try:
        with path.open("r+b") as file:
            rest = path.stat().st_size
            while rest > 0:
                rest -= file.write(secrets.token_bytes(min(CHUNK, rest)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError as why:
        raise OutputError(f"{path}: cannot be overwritten and removed ({why.strerror or why})") from None
