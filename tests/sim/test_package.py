"""What the simulator may know and load."""

from __future__ import annotations

import subprocess
import sys

IMPORT_ALL = """
import sys
import pipeline.sim
early = [m for m in ("cv2", "rasterio") if m in sys.modules]
import pipeline.sim.render
late = [m for m in sys.modules if m.startswith(("pipeline.geo", "pipeline.score", "pipeline.ingest"))]
print(early, late)
"""


def test_it_shares_nothing_with_geo_and_lets_the_heavy_sleep() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
