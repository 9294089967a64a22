"""Weights between the old and the new: most of what was learned, and less of what was forgotten for it.

Straight between the two, tensor by tensor, running statistics too (Wortsman et al., Robust fine-tuning of zero-shot
models, CVPR 2022). It holds for weights that took small steps from each other, not for any two.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.files import write_bytes_atomic
from pipeline.learn.export import copy_opened
from pipeline.learn.train import BETWEEN, read_base, safe_ultralytics, woken

SHARES = (0.8, 0.6, 0.4, 0.2)  # of the way to the new weights, the farthest first


def worth_trying(told: Mapping[str, Any]) -> bool:
    """Whether refused weights find better where the verdicts are, so that only what they forgot speaks against them."""
    own = [s["mean_ap"] for s in told["sets"] if s["set"].startswith("reviews/")]
    gained = own and all(m["new"] is not None and m["new"] > (m["old"] or 0.0) for m in own)
    return bool(gained) and not any(reason.startswith("reviews/") for reason in told["reasons"])


def write_between(base: Path, run: Path, share: float, size_px: int) -> bool:
    """Put the weights `share` of the way from the base to a training's own into RUN/between.pt.

    False, and nothing written, where the base is not the whole network: there is no way between then.
    """
    torch, _ = woken()
    (run / BETWEEN).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="qianliyan-") as folder, safe_ultralytics():
        network = copy_opened(run, Path(folder)).model.float()
        old, new = read_base(base), network.state_dict()
        if any(name not in old or old[name].shape != t.shape for name, t in new.items()):
            return False
        network.load_state_dict({n: torch.lerp(old[n], t, share) if t.is_floating_point() else t
                                 for n, t in new.items()})  # fmt: skip
        data = io.BytesIO()
        torch.save({"model": network, "train_args": {"imgsz": size_px}}, data)
    write_bytes_atomic(run / BETWEEN, data.getvalue())
    return True
