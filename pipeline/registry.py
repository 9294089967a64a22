"""Names for things that come in several kinds: a dict with good manners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pipeline.errors import PipelineError


class Registry(Mapping[str, Callable[..., Any]]):
    """name -> "module:attr", imported on first use so that heavy libraries stay asleep.

    Other distributions join in with an entry point in the group `pipeline.KIND`; a built-in name wins.
    """

    def __init__(self, kind: str, builtin: dict[str, str]) -> None:
        self.kind = kind
        plugins = {e.name: e.value for e in entry_points(group=f"pipeline.{kind}")}
        self._paths = {**plugins, **builtin}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self._paths:
            raise PipelineError(f"there is no {self.kind} called {name!r}; there are: {', '.join(sorted(self))}")
        module, attr = self._paths[name].split(":")
        found: Callable[..., Any] = getattr(import_module(module), attr)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
