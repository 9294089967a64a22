"""Does the wheel alone do its work? Empty environment, outside the checkout, no network, read-only installation.

    python tools/wheel_test.py dist

The wheel in dist/ is installed from requirements.lock into a new environment under a folder with Chinese and a space
in its name; then `qianliyan demo` runs there in name spaces of its own: no network device is up, and the environment
is mounted read-only (chmod does not bind root). Where the machine does not allow name spaces, the test says what it
leaves out. The last line counts what passed.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = (
    "hits.geojson", "hits.csv", "hits.xlsx", "hits.kml", "hits.gpkg", "map.html", "skipped.csv", "provenance.json",
)  # fmt: skip
ISOLATED = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


class Checks:
    """Counts, and keeps going, so that one run shows everything that is wrong."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    def say(self, good: bool, what: str) -> None:
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print(f"  {'ok    ' if good else 'FAILED'} {what}", flush=True)

    def skip(self, why: str) -> None:
        self.skipped += 1
        print(f"  skipped {why}", flush=True)


def pip_install(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    subprocess.run(command, check=True)


def install(wheel: Path, folder: Path) -> Path:
    """A new environment with the lock's packages and the wheel; gives its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip_install(python, "--require-hashes", "--only-binary", ":all:", "--requirement", str(ROOT / "requirements.lock"))
    pip_install(python, "--no-deps", "--no-index", str(wheel))
    return python


def top_names(folder: Path) -> set[str]:
    """What the wheel put into site-packages, without its own metadata and its two commands."""
    (record,) = folder.glob("lib/python*/site-packages/qianliyan-*.dist-info/RECORD")
    with record.open(encoding="utf-8", newline="") as lines:
        tops = {row[0].split("/")[0] for row in csv.reader(lines)}
    return {top for top in tops if top != ".." and not top.endswith(".dist-info")}


def snapshot(folder: Path) -> Iterator[tuple[str, int]]:
    return ((str(path), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file())


def isolation(folder: Path) -> list[str]:
    """The command's prefix for no network and a read-only `folder`, or nothing where that is not allowed."""
    flags = ["--net", "--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--net", "--mount"]
    prefix = ["unshare", *flags, "sh", "-c", ISOLATED, str(folder)]
    try:
        return prefix if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0 else []
    except FileNotFoundError:
        return []


def check_isolation(checks: Checks, prefix: list[str], environment: Path) -> None:
    """Break in on purpose: both attempts must fail."""
    if not prefix:
        checks.skip("network cut and read-only mount: this machine does not allow name spaces")
        return
    write = subprocess.run([*prefix, "touch", str(environment / "probe")], capture_output=True, check=False)
    checks.say(write.returncode != 0, "the installation is read-only")
    dial = "import socket; socket.create_connection(('127.0.0.1', 9), 2)"
    call = subprocess.run([*prefix, sys.executable, "-c", dial], capture_output=True, text=True, check=False)
    checks.say("Network is unreachable" in call.stderr, "the network is cut")


def run_demo(checks: Checks, prefix: list[str], environment: Path, work: Path) -> None:
    """`qianliyan demo` in an empty folder, with a home that does not exist."""
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(work / "no-home")}
    command = [*prefix, str(environment / "bin" / "qianliyan"), "demo", "-o", str(work / "demo")]
    start = time.monotonic()
    code = subprocess.run(command, cwd=work, env=clean, stdin=subprocess.DEVNULL, check=False).returncode
    checks.say(code == 0, f"qianliyan demo: exit code {code} after {time.monotonic() - start:.0f} s")
    made = {path.name for path in work.rglob("*") if path.is_file() and path.stat().st_size}
    missing = [name for name in EXPECTED if name not in made]
    checks.say(not missing, f"a complete run folder{': missing ' + ', '.join(missing) if missing else ''}")
    checks.say(not (work / "no-home").exists(), "nothing is written to the home directory")


def main() -> int:
    (wheel,) = Path(sys.argv[1]).resolve().glob("qianliyan-*.whl")
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="qly-wheel-") as temporary:
        place = Path(temporary) / "照片 排污口" / "1 号"
        environment, work = place / "env", place / "work"
        work.mkdir(parents=True)
        print(f"installing {wheel.name} into an empty environment …", flush=True)
        install(wheel, environment)
        checks.say(top_names(environment) == {"pipeline"}, "the wheel's only top-level name is pipeline")
        before = dict(snapshot(environment))
        prefix = isolation(environment)
        check_isolation(checks, prefix, environment)
        run_demo(checks, prefix, environment, work)
        checks.say(dict(snapshot(environment)) == before, "the installation is unchanged")
    print(f"{checks.passed} passed, {checks.failed} failed, {checks.skipped} skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
