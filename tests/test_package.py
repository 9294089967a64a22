"""What is shipped: the wheel, the locks, the declared dependencies, the files that travel with the program."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.resources import resource

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = ("train", "openvino", "dask", "postgres", "test")
LOCKS = ("requirements.lock", *(f"requirements-{extra}.lock" for extra in EXTRAS))
DISTRIBUTION = {
    "cv2": "opencv-python", "PIL": "pillow", "argon2": "argon2-cffi", "prometheus_client": "prometheus-client",
    "sse_starlette": "sse-starlette",
}  # fmt: skip
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def pins(lock: str) -> dict[tuple[str, str], str]:
    """(name, marker) -> version."""
    text = (ROOT / lock).read_text("utf-8")
    return {(name, marker): version for name, version, marker in PIN.findall(text)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_has_one_top_level_name(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"pipeline", f"qianliyan-{PROJECT['version']}.dist-info"}


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pipeline").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here <= set(wheel.namelist())


@pytest.mark.parametrize("folder", ["models", "missions/demo"])
def test_the_wheel_holds_the_data_beside_the_package(wheel: zipfile.ZipFile, folder: str) -> None:
    here = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert here, f"{folder} is empty"
    assert {f"pipeline/_data/{name}" for name in here} <= set(wheel.namelist())


def test_no_targets_and_no_pictures_travel_with_the_missions() -> None:
    for path in (ROOT / "missions").rglob("*"):
        assert "target" not in path.name.lower()
        assert path.suffix.lower() not in {".jpg", ".jpeg", ".tif", ".tiff", ".png", ".geojson"}


def test_resource_finds_what_travels_and_names_what_is_missing() -> None:
    assert resource("missions/demo/mission.toml").is_file()
    with pytest.raises(PipelineError, match=r"missions/none\.toml is missing"):
        resource("missions/none.toml")


def third_party(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"pipeline"}


def declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", requirement)[0].lower() for requirement in requirements}


def test_every_import_is_declared() -> None:
    known = set().union(declared(PROJECT["dependencies"]), *map(declared, PROJECT["optional-dependencies"].values()))
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        names = {DISTRIBUTION.get(name, name) for name in third_party(path)}
        assert names <= known, f"{path.relative_to(ROOT)} imports {sorted(names - known)}"


def test_each_extra_has_its_lock() -> None:
    assert set(PROJECT["optional-dependencies"]) == set(EXTRAS)
    assert {path.name for path in ROOT.glob("requirements*.lock")} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_with_hashes_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    entries = re.findall(r"^[a-z0-9][^\n]*\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)*)", text, re.MULTILINE)
    assert len(entries) == len(pins(lock)) > 30
    assert all(entries), "a requirement without hashes"
    assert "://" not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_knows_windows_and_holds_one_opencv(lock: str) -> None:
    names = {name for name, _ in pins(lock)}
    assert "colorama" in names  # a dependency on Windows only
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_what_is_declared(lock: str) -> None:
    extra = lock.removeprefix("requirements").removeprefix("-").removesuffix(".lock")
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"].get(extra, [])
    assert declared(wanted) <= {name for name, _ in pins(lock)}


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_locks_agree_with_the_plain_one(lock: str) -> None:
    plain, other = pins(LOCKS[0]), pins(lock)
    assert {key: other.get(key) for key in plain} == plain


def test_the_plain_install_has_no_torch() -> None:
    assert not {name for name, _ in pins("requirements.lock") if name.startswith(("torch", "nvidia", "ultralytics"))}


def test_the_changelog_tells_of_this_version() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[0] == PROJECT["version"]
