"""Networks from ultralytics' own descriptions that find something, though nobody trained them.

Their weights are random (YOLOv5's backbone is real where the shared data are at hand), normalisation is fitted to
pictures and scores are spread, so that hundreds of boxes of every size are compared instead of none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.trusted import awake


def network(description: str, real: Path | None, looks: Sequence[NDArray[np.float32]], share: float = 0.03) -> Any:
    """A network that finds something in these looks (1, 3, h, w): scores of the share of cells are over 0.25.

    real: weights that are loaded where they fit; all others are random, by a fixed seed.
    """
    torch, ultralytics = awake()
    torch.manual_seed(3)
    model = ultralytics.YOLO(description)
    if real is not None:
        from safetensors.torch import load_file

        own = model.model.state_dict()
        fitting = {k: v.float() for k, v in load_file(real).items() if k in own and own[k].shape == v.shape}
        assert len(fitting) > 300
        model.model.load_state_dict(own | fitting)
    shown = [torch.from_numpy(look) for look in looks]
    for layer in model.model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean over all that it is shown
    with torch.no_grad():
        for look in shown:
            model.model.train()(torch.cat([look, look.flip(3)]))
    model.model.eval()
    head = model.model.model[-1]
    for boxes, classes in (("cv2", "cv3"), ("one2one_cv2", "one2one_cv3")):
        if getattr(head, classes, None) is not None:
            head.end2end = classes != "cv3"
            for branch in (*getattr(head, boxes), *getattr(head, classes)):
                torch.nn.init.normal_(branch[-1].weight, std=0.3 / branch[-1].weight.shape[1] ** 0.5)
                torch.nn.init.constant_(branch[-1].bias, 2.0 if head.reg_max == 1 else 0.0)  # distances as they are
            _spread_scores(model.model, getattr(head, classes), shown, share)
    return model


def _spread_scores(whole: Any, branches: Any, looks: list[Any], share: float) -> None:
    """Scale the classes' last layers so that a share of the cells is over the threshold, and none saturated."""
    torch, _ = awake()
    raw: dict[Any, list[Any]] = {b: [] for b in branches}
    hooks = [b.register_forward_hook(lambda m, _i, out: raw[m].append(out.amax(1).flatten())) for b in branches]
    with torch.no_grad():
        for look in looks:
            whole(look)
        for hook, branch in zip(hooks, branches, strict=True):
            hook.remove()
            most = float(torch.cat(raw[branch]).max())
            often = min(float(logits.quantile(1 - share)) for logits in raw[branch])
            scale = 4 / max(most - often, 0.1)
            branch[-1].weight *= scale
            branch[-1].bias.fill_(-1.1 - scale * often)


class Yolov5:
    """The YOLOv5 nano of the shared data whole, its anchor head included, as that repository exports it.

    Ultralytics' own description of YOLOv5 has another head; backbone and neck are the same. Formulas of the head:
    YOLOv5 `models/yolo.py`, class Detect.
    """

    STRIDES = (8, 16, 32)

    def __init__(self, real: Path) -> None:
        from safetensors.torch import load_file

        torch, ultralytics = awake()
        told = {k: v.float() for k, v in load_file(real).items()}
        self.layers = ultralytics.YOLO("yolov5n.yaml").model
        own = self.layers.state_dict()
        self.layers.load_state_dict(own | {k: v for k, v in told.items() if k in own and own[k].shape == v.shape})
        self.layers.eval()
        self.heads = [(told[f"model.24.m.{i}.weight"], told[f"model.24.m.{i}.bias"]) for i in range(3)]
        self.anchors = told["model.24.anchors"]  # (level, anchor, width and height in cells)
        self.torch = torch

    def rows(self, pixels: Any) -> Any:
        """(1, 3G, 5 + C): centre, size, objectness, classes."""
        torch, kept, x, out = self.torch, [], pixels, []
        for layer in self.layers.model[:-1]:
            if layer.f != -1:
                x = kept[layer.f] if isinstance(layer.f, int) else [x if j == -1 else kept[j] for j in layer.f]
            x = layer(x)
            kept.append(x)
        for i, (level, stride) in enumerate(zip(self.layers.model[-1].f, self.STRIDES, strict=True)):
            raw = torch.nn.functional.conv2d(kept[level], *self.heads[i])
            _, _, h, w = raw.shape
            y = raw.view(1, 3, -1, h, w).permute(0, 1, 3, 4, 2).sigmoid()
            v, u = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            grid = torch.stack([u, v], -1) - 0.5
            centre = (y[..., 0:2] * 2 + grid) * stride
            size = (y[..., 2:4] * 2) ** 2 * self.anchors[i].view(1, 3, 1, 1, 2) * stride
            out.append(torch.cat([centre, size, y[..., 4:]], -1).view(1, 3 * h * w, -1))
        return torch.cat(out, 1)

    def export(self, path: Path, side: int, columns: bool = False) -> Path:
        """To ONNX with ultralytics' metadata; `columns`: in the layout of YOLOv8, which ultralytics itself can read."""
        import onnx

        torch, net = self.torch, self

        class Whole(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.layers = net.layers

            def forward(self, pixels: Any) -> Any:
                rows = net.rows(pixels)
                if not columns:
                    return rows
                return torch.cat([rows[..., :4], rows[..., 4:5] * rows[..., 5:]], -1).transpose(1, 2)

        example = torch.zeros(1, 3, side, side)
        torch.onnx.export(Whole().eval(), example, str(path), dynamo=False, input_names=["images"], opset_version=17)
        model = onnx.load(path)
        told = {"names": "{0: 'one', 1: 'two'}", "task": "detect", "stride": "32", "imgsz": f"[{side}, {side}]"}
        for key, value in told.items():
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, path)
        return path
