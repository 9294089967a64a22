"""The shape of the house: who may import whom, and what an import may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "pipeline").rglob("*.py"))
HEAVY = {"cv2", "rasterio", "onnxruntime", "torch", "geopandas", "scipy", "openpyxl", "dronekit", "pandas", "pyproj"}
POSIX_ONLY = ("fcntl", "pwd", "grp", "resource", "termios", "posix", "pty")
UNSAFE = (
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "lxml",
    "xml.etree",
    "xml.dom",
    "xml.parsers",
    "xml.sax.handler",
)


def fresh(code: str, *arguments: str, cwd: Path = ROOT) -> str:
    """What `code` prints in a process of its own; its traceback is the test's."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", ["layers", "blind", "sim"])
def test_imports_keep_the_contract(contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(limit_to_contracts=(contract,), cache_dir=None, no_cache=True) == 0


IMPORT = """
import sys, time
start = time.perf_counter()
import pipeline
print(time.perf_counter() - start, *sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_import_is_quick_and_wakes_nothing_heavy() -> None:
    runs = [fresh(IMPORT).split() for _ in range(5)]
    assert min(float(run[0]) for run in runs) < 0.3
    assert not HEAVY & set(runs[0][1:])


SEARCH = """
import sys
from pathlib import Path
from pipeline.sim import FlightConfig, make_flight
from pipeline import open_mission, run_mission
config = FlightConfig(profile="exact", strips=1, photos_per_strip=2, width_px=1600, height_px=1200)
make_flight(Path(sys.argv[1]), config)
hits = run_mission(open_mission(Path(sys.argv[1]) / "flight"), "marker")
print(len(hits.looked), *(name for name in sys.modules if name.startswith("pipeline.")))
"""


def test_a_search_never_loads_the_judge(tmp_path: Path) -> None:
    looked, *loaded = fresh(SEARCH, str(tmp_path / "sim")).split()
    assert int(looked) == 2
    assert "pipeline.flow" in loaded
    assert not [name for name in loaded if name.startswith("pipeline.score")]


QUIET = """
import os, pkgutil, sys
from importlib import import_module
HERE = os.path.join(os.getcwd(), "pipeline") + os.sep
FORBIDDEN = ("socket.", "os.mkdir", "os.rename", "os.remove", "subprocess.Popen", "os.fork", "os.putenv", "os.unsetenv")

def audit(event, arguments):
    if event.startswith(FORBIDDEN):
        raise RuntimeError(f"{event} {arguments} on import")
    if event == "open" and set(str(arguments[1])) & set("wax+") and "__pycache__" not in str(arguments[0]):
        raise RuntimeError(f"{arguments[0]} is opened for writing on import")

def guarded(method):
    def watch(self, *arguments):
        if sys._getframe(1).f_code.co_filename.startswith(HERE):
            raise RuntimeError(f"environment variable {arguments[:1]} on import")
        return method(self, *arguments)
    return watch

class Watched(dict):
    __getitem__, __contains__, get = guarded(dict.__getitem__), guarded(dict.__contains__), guarded(dict.get)
    __setitem__, setdefault, pop = guarded(dict.__setitem__), guarded(dict.setdefault), guarded(dict.pop)

import pipeline
names = [m.name for m in pkgutil.walk_packages(pipeline.__path__, "pipeline.") if not m.name.endswith("__main__")]
for name in sys.argv[1:]:  # what other libraries do when they are imported is their affair
    import_module(name)
os.environ = Watched(os.environ)
os.getenv = os.environ.get
os.path.expanduser = guarded(os.path.expanduser)
sys.addaudithook(audit)
for name in names:
    import_module(name)
print(len(names))
"""


def test_importing_any_module_has_no_effects() -> None:
    """No network, no file written, no process, no environment variable read or set."""
    assert int(fresh(QUIET, *sorted(HEAVY - {"torch", "dronekit"}), "typer", "rich.console", "simplejpeg")) > 20


def trees() -> Iterator[tuple[Path, ast.Module]]:
    return ((path, ast.parse(path.read_text("utf-8"))) for path in SOURCES)


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of all modules imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("banned", [*POSIX_ONLY, *UNSAFE])
def test_nothing_needs_posix_or_unpickles_or_expands_entities(banned: str) -> None:
    names = ((path.name, name + ".") for path, tree in trees() for name in imported(tree))
    assert [path for path, name in names if name.startswith(banned + ".")] == []


def test_rasters_are_opened_with_a_driver_named() -> None:
    """A VRT renamed .tif would read other files and make requests; GDAL must not guess."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "rasterio.open":
                assert "driver" in {keyword.arg for keyword in node.keywords}, f"{path.name}:{node.lineno}"
