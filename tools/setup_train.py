"""Make an environment that trains: the plain install, the tests, and the extra `train` with torch for the CPU.

    python3 tools/setup_train.py VENV [options for pip, for example an index that has torch's CPU build]

Everything but torch itself is checked against the hashes of requirements-train.lock. torch is taken as the index
gives it, without the CUDA packages (gigabytes) that the lock would bring on Linux; where that build does not load
without them, the whole lock is installed after all. On a machine with a GPU install requirements-train.lock instead.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from setup import ROOT, link_relatively, make_venv, pip, python_of

LOCK = ROOT / "requirements-train.lock"
GPU_ONLY = re.compile(r"^(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")


def without_gpu(lock: str) -> str:
    """The lock's text without torch and what it needs on a GPU only."""
    kept, keep = [], True
    for line in lock.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            keep = GPU_ONLY.match(line) is None
        if keep:
            kept.append(line)
    return "\n".join(kept) + "\n"


def torch_of(lock: str) -> str:
    """torch as the lock pins it: "torch==2.13.0"."""
    found = re.search(r"^torch==[\w.]+", lock, re.MULTILINE)
    if found is None:
        sys.exit(f"{LOCK.name} does not pin torch")
    return found[0]


def torch_loads(folder: Path) -> bool:
    command = [str(python_of(folder)), "-c", "import torch"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    print(f"setting up {folder} for training …", flush=True)
    make_venv(folder)
    pip(folder, "--require-hashes", "--only-binary", ":all:", "--requirement", "requirements-test.lock")
    lock = LOCK.read_text("utf-8")
    reduced = folder / "requirements-cpu.lock"
    reduced.write_text(without_gpu(lock), encoding="utf-8")
    pip(folder, "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(reduced.resolve()))
    pip(folder, "--no-deps", *options, torch_of(lock))
    if not torch_loads(folder):
        print("this torch needs CUDA's libraries: installing them too …", flush=True)
        pip(folder, "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK))
    pip(folder, "--no-deps", "--editable", ".")
    link_relatively(folder)


if __name__ == "__main__":
    main()
