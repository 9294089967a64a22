"""What a check of a contest found: sentences with a place and a severity."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.words.contest import WORDS

SEVERITIES = ("error", "warning", "note")
# What a stranger's object may do to code that reads it.
_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. An error means that the records do not agree; a warning, that something cannot be compared."""

    severity: str  # of SEVERITIES
    place: str  # a file of the folder, a line of the ledger, a head or a receipt
    text: str

    def line(self) -> str:
        """For people."""
        said = self.text if self.text.startswith(self.place) else f"{self.place}: {self.text}"
        return f"{' '.join(WORDS[f'judging_{self.severity}'])}: {said}"


@dataclass(slots=True)
class Report:
    """Findings, the gravest first, and how many of what was checked. `folder` is left out of sentences."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """No error: exit code 0."""
        return not any(f.severity == "error" for f in self.findings)

    def say(self, severity: str, place: str, text: str) -> None:
        """One more finding."""
        self.findings.append(Finding(severity, place, text))

    def guard(self, place: str, work: Callable[..., object], *given: object) -> bool:
        """Whether `work(*given)` went through; what it refuses becomes an error at `place`."""
        try:
            work(*given)
        except PipelineError as why:
            self.say("error", place, str(why).replace(f"{self.folder}{os.sep}", ""))
        except _MALFORMED as why:
            self.say("error", place, f"is malformed ({type(why).__name__})")
        else:
            return True
        return False

    def count(self, what: str, many: int = 1) -> None:
        """So many more of `what` were checked."""
        self.checked[what] = self.checked.get(what, 0) + many

    def lines(self) -> list[str]:
        """Findings, what was checked, and the verdict."""
        ordered = sorted(self.findings, key=lambda f: SEVERITIES.index(f.severity))
        facts = [f"{' '.join(WORDS[f'judging_checked_{what}'])}: {many}" for what, many in self.checked.items()]
        verdict = WORDS["judging_good" if self.good else "judging_bad"]
        return [*(f.line() for f in ordered), *facts, " ".join(verdict)]
