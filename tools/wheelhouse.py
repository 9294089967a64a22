"""Gather everything an offline machine needs: dist/wheelhouse/linux and dist/wheelhouse/windows.

    .venv/bin/python tools/wheelhouse.py dist [3.11]

Each folder gets the wheels of requirements.lock for its system, the project's own wheel (built before into dist/),
a requirements.txt with the hash of every file, and INSTALL.txt. pip evaluates the lock's markers (`sys_platform ==
'win32'`) for the machine it runs on, whatever `--platform` says, so they are evaluated here.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

from packaging.markers import Marker, default_environment

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = {
    "linux": (
        {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
        ["manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(17, 29))],
    ),
    "windows": (
        {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
        ["win_amd64"],
    ),
}
ACTIVATE = {"linux": (".venv/bin/python", "python3"), "windows": (r".venv\Scripts\python", "py -3.11")}
INSTALL = """Qianliyan 千里眼, offline installation ({system}, 64 bit, Python {version})

In this folder:

    {python} -m venv .venv
    {venv_python} -m pip install --no-index --find-links . --require-hashes -r requirements.txt
    {venv_python} -m pipeline demo
"""


def lock_entries(lock: str) -> list[str]:
    """The lock's requirements, one string each: name==version ; marker, then its hashes."""
    lines = [line for line in lock.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [entry.replace("\\\n", " ") for entry in re.split(r"\n(?=\S)", "\n".join(lines))]


def applies(entry: str, environment: dict[str, str]) -> bool:
    """Whether the marker of a lock entry holds in another system's environment."""
    found = re.search(r";\s*(.*?)\s*(--hash|$)", entry)
    return found is None or Marker(found.group(1)).evaluate(environment)


def for_system(lock: str, facts: dict[str, str], version: str) -> str:
    """The part of the lock that holds there, without markers."""
    environment = {**cast("dict[str, str]", default_environment()), **facts}
    environment |= {"python_version": version, "python_full_version": f"{version}.0"}
    return "\n".join(re.sub(r";.*?(?=--hash)", "", e) for e in lock_entries(lock) if applies(e, environment)) + "\n"


def download(requirements: Path, folder: Path, platforms: list[str], version: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--python-version", version, "--implementation", "cp"]
    command += [part for name in platforms for part in ("--platform", name)]
    subprocess.run([*command, "--dest", str(folder), "--requirement", str(requirements)], check=True)


def with_hashes(folder: Path) -> str:
    """Requirement lines that admit exactly the files of the folder."""
    lines = []
    for wheel in sorted(folder.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}")
    return "\n".join(lines) + "\n"


def gather(system: str, dist: Path, version: str) -> None:
    facts, platforms = SYSTEMS[system]
    folder = dist / "wheelhouse" / system
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    requirements = folder / "requirements.txt"
    requirements.write_text(for_system((ROOT / "requirements.lock").read_text("utf-8"), facts, version), "utf-8")
    download(requirements, folder, platforms, version)
    for own in dist.glob("qianliyan-*.whl"):
        shutil.copy(own, folder)
    requirements.write_text(with_hashes(folder), "utf-8")
    venv_python, python = ACTIVATE[system]
    text = INSTALL.format(system=system, version=version, python=python, venv_python=venv_python)
    (folder / "INSTALL.txt").write_text(text, "utf-8")


def main() -> None:
    dist = Path(sys.argv[1])
    version = sys.argv[2] if len(sys.argv) > 2 else "3.11"
    for system in SYSTEMS:
        gather(system, dist, version)
        folder = dist / "wheelhouse" / system
        sizes = [path.stat().st_size for path in folder.iterdir()]
        print(f"{folder}: {len(sizes)} files, {sum(sizes) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
