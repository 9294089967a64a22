"""From evidence to confidence, and from a wish for false alarms to a threshold.

The weights are a logistic regression: 858 drawn panels (12 to 300 px, blur 0.4 to 1.1 px, exposure 0.5 to 1.1, on
drawn and on photographed ground) against 214 findings in photos and drawn scenes that hold no panel (town and
smoke pictures, an air field, a beach front; none of the flights that false alarms are reported for).
"""

from __future__ import annotations

import math

from pipeline.detect.fit import Panel
from pipeline.detect.verify import Evidence

WEIGHTS = (-3.95, -2.41, 2.97, 0.14, 2.62, 1.69, -1.65)
LEAST_ENDS, LEAST_INNER, LEAST_EXPLAINED = 0.3, 0.6, 0.7
LEAST_SIDE_PX, MOST_SLIM = 10.0, 3.0
LARGE_PX, LEAST_INNER_LARGE = 40.0, 0.82  # blur no longer excuses a pattern that fits badly
OPEN_BORDER = 0.2  # a pattern that does not end all around has to explain that much more
DEFAULT_THRESHOLD = 0.7

# (confidence, false alarms a photo above it): measured on 53 photos of seven flights and 24 drawn scenes with
# roads, tracks, houses and cars, 6 to 12 megapixels each. From 0.9 on there was none; 0.01 is what that can show.
FALSE_ALARMS = ((0.2, 0.4), (0.3, 0.25), (0.4, 0.12), (0.5, 0.05), (0.6, 0.03), (0.7, 0.02), (0.9, 0.01))
STRICTEST = 0.95


def confidence(found: Evidence, panel: Panel) -> float:
    """0 to 1; 0 where the pattern does not end at the panel's border or hardly explains what is there."""
    if not plausible(found, panel):
        return 0.0
    score = sum(w * x for w, x in zip(WEIGHTS, features(found, panel), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def plausible(found: Evidence, panel: Panel) -> bool:
    """Whether the evidence is worth weighing at all."""
    if panel.side_px < LEAST_SIDE_PX or panel.slimness > MOST_SLIM:
        return False
    least = LEAST_EXPLAINED + OPEN_BORDER * (1 - found.ends)
    least_inner = LEAST_INNER_LARGE if panel.side_px >= LARGE_PX else LEAST_INNER
    return found.ends >= LEAST_ENDS and found.inner >= least_inner and found.explained >= least


def features(found: Evidence, panel: Panel) -> tuple[float, ...]:
    """What the logistic function sums."""
    small_board = panel.pattern.shape == "board" and panel.pattern.fields == 2
    return (
        1.0,
        math.log(max(1 - found.inner, 0.005)),
        math.log(max(found.contrast, 1.0) / 60),
        max(-1.0, min(1.0, found.even)),
        min(found.ground, 0.5),
        math.log(min(max(panel.side_px, 8.0), 32.0) / 24),
        float(small_board),
    )


def threshold(false_alarms_per_photo: float | None) -> float:
    """The lowest confidence whose measured false alarms a photo are not more than wished; None: the default."""
    if false_alarms_per_photo is None:
        return DEFAULT_THRESHOLD
    return next((level for level, rate in FALSE_ALARMS if rate <= false_alarms_per_photo), STRICTEST)
