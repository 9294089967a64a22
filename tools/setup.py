"""Make a virtual environment from a lock file and install this checkout into it.

    python3 tools/setup.py VENV LOCK

Standard library only: this runs before anything is installed. Every package is checked against the hashes in
LOCK; the project itself comes without dependencies of its own choosing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPENCV_HINT = (
    "OpenCV cannot be loaded: on Debian and Ubuntu run\n"
    "    apt-get install --no-install-recommends libgl1 libglib2.0-0\n"
    "and try again. What the loader said: {why}"
)


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment, on any system."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv(folder: Path) -> None:
    if python_of(folder).exists():
        return
    try:
        venv.create(folder, with_pip=True, clear=folder.exists())
    except (subprocess.CalledProcessError, ImportError) as why:
        sys.exit(f"this Python cannot make a virtual environment ({why}); on Debian: apt-get install python3-venv")


def pip(folder: Path, *arguments: str) -> None:
    command = [str(python_of(folder)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("the installation failed; the lines above say why. The same command may be run again.")


def link_relatively(folder: Path) -> None:
    """Let the environment point to this checkout by a relative path.

    Python 3.11 reads such files in the locale's encoding: with an absolute path through a folder with a Chinese name,
    it would not start at all where the locale is C.
    """
    for link in folder.glob("[Ll]ib/**/*qianliyan*.pth"):
        link.write_text(os.path.relpath(ROOT, link.parent) + "\n", encoding="ascii")


def check_opencv(folder: Path) -> None:
    """opencv-python needs libGL and GLib, which bare machines and containers lack."""
    command = [str(python_of(folder)), "-c", "import cv2"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(OPENCV_HINT.format(why=(found.stderr.strip().splitlines() or ["nothing"])[-1]))


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 …")
    folder, lock = Path(sys.argv[1]), sys.argv[2]
    print(f"setting up {folder} from {lock} …", flush=True)
    make_venv(folder)
    pip(folder, "--require-hashes", "--only-binary", ":all:", "--requirement", lock)
    pip(folder, "--no-deps", "--editable", ".")
    link_relatively(folder)
    check_opencv(folder)


if __name__ == "__main__":
    main()
