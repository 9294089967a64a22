"""A small world with known answers: flights over painted ground, for the demo, for tests and for rehearsals.

`make_flight(folder, config)` writes a flight as it comes off a drone's card, a DEM, and the answers in a folder of
their own; photos bring their poses, or leave them to a log (`log`), and strips can be filmed (`video`). Headers can
lie (`lies`), water can move, strips can be kilometres long (`river_width_m`).
`fly(config)` gives the same truth without a file, `draw_ties(truth)` what a matcher would find in its photos. Nothing
here shares geometry code with `pipeline.geo`, nor readers of files with `pipeline.ingest`, so that they can contradict
each other. What the noise profiles mean is written in `pipeline.sim.noise`, what the lies do in `pipeline.sim.lies`.
"""

from pipeline.sim.config import FlightConfig
from pipeline.sim.flight import SimFlight, make_flight
from pipeline.sim.lie_kinds import Lie
from pipeline.sim.reported import Reported
from pipeline.sim.ties import SimTies, draw_ties
from pipeline.sim.truth import Truth, fly

__all__ = [
    "FlightConfig", "Lie", "Reported", "SimFlight", "SimTies", "Truth", "draw_ties", "fly", "make_flight",
]  # fmt: skip
