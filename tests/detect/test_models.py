"""The registry of weights, and files of weights that strangers made."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.detect.engine import names_told, open_engine, side_told
from pipeline.detect.models import Model, find_model, label_of, read_weights, registered, threshold_of
from pipeline.detect.onnx_file import refuse_external
from pipeline.errors import ModelError
from tests.detect.onnx_writer import Net, block, external_tensor, fixed, number, spots

GOOD = {
    "file": '"net.onnx"',
    "sha256": '"' + "0" * 64 + '"',
    "family": '"yolov8"',
    "names": '["smoke", "cloud"]',
    "size_px": "64",
    "threshold": "0.3",
    "card": '"cards/net.md"',
}


def written(folder: Path, **changed: str | None) -> Path:
    rows = {**GOOD, **changed}
    classes = rows.pop("classes", None)
    text = "[net]\n" + "".join(f"{k} = {v}\n" for k, v in rows.items() if v is not None)
    path = folder / "registry.toml"
    path.write_text(text + (f"[net.classes]\n{classes}\n" if classes else ""), "utf-8")
    return path


def test_the_registry_that_travels_is_whole() -> None:
    for name, model in registered().items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        read_weights(model)


def test_a_table_becomes_a_model(tmp_path: Path) -> None:
    more = {"false_alarms": "[[0.1, 0.6], [1, 0.2]]", "scales": "[1, 0.5]", "small_px": "128", "whole": "false"}
    model = registered(written(tmp_path, classes='smoke = "smoke/straw"\ncloud = ""', iou="0.5", **more))["net"]
    assert model.path == tmp_path / "net.onnx"
    assert model.labels == ("smoke/straw", "")
    assert model.side_px == (64, 64)
    assert (model.tiling.scales, model.tiling.small_px, model.tiling.whole) == ((1.0, 0.5), 128, False)
    assert [threshold_of(model, wish) for wish in (None, 5, 1, 0.99, 0.1)] == [0.3, 0.2, 0.2, 0.6, 0.6]
    with pytest.raises(ModelError, match=r"0\.05 cannot be promised"):
        threshold_of(model, 0.05)


def test_a_wish_for_what_was_never_measured_is_refused() -> None:
    with pytest.raises(ModelError, match="never measured"):
        threshold_of(Model("net", Path("net.onnx")), 0.5)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", '"../net.onnx"'),
        ("file", '"net.pt"'),
        ("sha256", '"abc"'),
        ("family", '"yolov9000"'),
        ("names", '"smoke"'),
        ("size_px", "100"),
        ("size_px", "true"),
        ("threshold", "1.5"),
        ("threshold", "nan"),
        ("scales", "[0]"),
        ("overlap", "0.95"),
        ("false_alarms", "[[1]]"),
        ("whole", "1"),
        ("small_px", "-4"),
        ("iou", "2"),
        ("card", None),
        ("colour", "1"),
        ("classes", 'smoke = "Smoke!"'),
        ("classes", 'fog = "smoke"'),
    ],
)
def test_a_wrong_table_is_refused_by_its_name(tmp_path: Path, key: str, value: str | None) -> None:
    with pytest.raises(ModelError, match=rf"registry\.toml: \[net\].*{key}"):
        registered(written(tmp_path, **{key: value}))


def test_other_bytes_than_the_registrys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"other")
    model = registered(written(tmp_path))["net"]
    with pytest.raises(ModelError, match="SHA-256"):
        read_weights(model)
    sha = hashlib.sha256(b"other").hexdigest()
    assert read_weights(registered(written(tmp_path, sha256=f'"{sha}"'))["net"]) == (b"other",)


def test_names_and_paths(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'nothing' in the registry"):
        find_model("nothing")
    assert find_model("权重/a b.ONNX").name == "a b"
    with pytest.raises(ModelError, match="no such file"):
        read_weights(find_model(str(tmp_path / "none.onnx")))
    with pytest.raises(ModelError, match="no such file"):
        read_weights(Model("folder", tmp_path))


def test_huge_files_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.detect.models.MAX_FILE_BYTES", 10)
    (tmp_path / "net.onnx").write_bytes(b"x" * 11)
    with pytest.raises(ModelError, match="allowed for weights"):
        read_weights(find_model(str(tmp_path / "net.onnx")))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("smoke", "smoke"),
        ("Traffic Light", "traffic-light"),
        ("烟雾", "smoke"),
        ("火", "class-7"),
        ("a//b!", "a/b"),
        ("", "class-7"),
    ],
)
def test_names_of_strangers_become_class_paths(name: str, label: str) -> None:
    assert label_of(name, 7) == label


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'a', 1: 'b'}", ("a", "b")),
        ("{1: 'b', 0: 'a'}", ("a", "b")),
        ('["a", "b"]', ("a", "b")),
        ("{0: 'a', 2: 'b'}", None),
        ("(" * 3000, None),
        ("-" * 9000 + "1", None),
        ("__import__('os')", None),
        ("", None),
    ],
)
def test_names_in_metadata(text: str, names: tuple[str, ...] | None) -> None:
    assert names_told({"names": text}) == names


def test_sizes_in_metadata() -> None:
    assert side_told({"imgsz": "[320, 416]"}) == (320, 416)
    assert side_told({"imgsz": "640"}) == (640, 640)
    assert side_told({"imgsz": "[1e9, 3]"}) is None
    assert side_told({}) is None


def opened(data: bytes) -> object:
    return open_engine(Model("net", Path("net.onnx")), (data,), False)


def test_a_small_network_runs() -> None:
    engine = open_engine(Model("net", Path("net.onnx")), (spots(),), False)
    assert engine.side_px == (64, 64)
    assert names_told(engine.told) == ("Smoke",)
    assert engine.run(np.zeros((1, 3, 64, 64), np.float32)).shape == (1, 5, 84)


def test_weights_in_other_files_are_refused_wherever_they_hide() -> None:
    hidden = external_tensor("answer", "../../etc/passwd")
    graph = block(5, hidden)
    branch = block(1, block(5, block(1, "then_branch") + block(6, graph)))  # in a node's attribute
    for model in (block(7, graph), block(7, branch), block(25, block(7, block(5, block(5, hidden))))):
        with pytest.raises(ModelError, match="in other files"):
            refuse_external(number(1, 8) + block(7, b"") + model, "net.onnx")
    net = Net((1, 3, 64, 64), (1, 5, 84))
    net.tensors.append(hidden)
    with pytest.raises(ModelError, match="in other files"):
        opened(net.bytes())


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"PK\x03\x04" * 50, b"\xff" * 100, spots()[:-40], spots()[:2000]])
def test_what_is_no_onnx_is_refused_with_one_sentence(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"^net\.onnx: "):
        opened(data)


def test_bytes_flipped_anywhere_give_a_sentence_or_a_network() -> None:
    data, rng = spots(), np.random.default_rng(3)
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            broken[at] = int(rng.integers(256))
        try:
            opened(bytes(broken))
        except ModelError as why:
            assert "\n" not in str(why)


def test_deep_nests_end() -> None:
    data = b""
    for _ in range(200):
        data = block(1, block(5, block(6, data)))
    with pytest.raises(ModelError, match="so deep"):
        refuse_external(block(7, data), "net.onnx")


def test_a_network_for_something_else_is_refused() -> None:
    two = Net((1, 4), (1, 4))
    two.add("Identity", ["images"], "output0")
    with pytest.raises(ModelError, match="something else than one picture"):
        opened(two.bytes())


def test_openvino_that_is_not_there_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(ModelError, match=r"qianliyan\[openvino\]"):
        open_engine(Model("net", tmp_path / "net.xml"), (b"", b""), False)


def test_a_pt_needs_a_word() -> None:
    with pytest.raises(ModelError, match=r"^net\.pt: loading a \.pt runs the code inside it; say --trust"):
        open_engine(Model("net", Path("net.pt")), (b"",), False)


def test_fixed_networks_answer(tmp_path: Path) -> None:
    answer = np.arange(12, dtype=np.float32).reshape(1, 2, 6)
    engine = open_engine(Model("net", Path("net.onnx")), (fixed(answer),), False)
    assert np.array_equal(engine.run(np.zeros((1, 3, 64, 64), np.float32)), answer)


def test_a_table_like_another_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    whole = 'file = "a.onnx"\nsha256 = "' + "a" * 64 + '"\nfamily = "yolov8"\nnames = ["smoke"]\nsize_px = 320\n'
    text = f'[a]\n{whole}threshold = 0.3\ncard = "a.md"\n[b]\nlike = "a"\nfile = "b.xml"\n'
    (tmp_path / "registry.toml").write_text(text)
    found = registered(tmp_path / "registry.toml")
    assert (found["b"].path.name, found["b"].threshold, found["b"].labels) == ("b.xml", 0.3, ("smoke",))
    assert found["a"].path.name == "a.onnx"
    for wrong in ('"c"', '"b"', "7"):
        (tmp_path / "registry.toml").write_text(text.replace('like = "a"', f"like = {wrong}"))
        with pytest.raises(ModelError, match=r"\[b\] like"):
            registered(tmp_path / "registry.toml")


def test_a_calibration_of_a_class_that_the_model_has_not_is_refused(tmp_path: Path) -> None:
    rows = "[[0.0, 0.0], [1.0, 1.0]]"
    assert registered(written(tmp_path, calibration=f"{{ smoke = {rows} }}"))["net"].calibration.points
    with pytest.raises(ModelError, match=r"calibration: 'smok' is no class of this model"):
        registered(written(tmp_path, calibration=f"{{ smok = {rows} }}"))


def test_a_calibration_of_no_number_that_is_known_is_one_sentence(tmp_path: Path) -> None:
    huge = "9" * 400
    with pytest.raises(ModelError, match=r"\[net\] calibration"):
        registered(written(tmp_path, calibration=f"{{ smoke = [[0, 0], [1, {huge}]] }}"))
