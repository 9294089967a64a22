"""A small world with known answers: flights over painted ground, for the demo, for tests and for rehearsals.

`make_flight(folder, config)` writes a flight as it comes off a drone's card, a DEM, and the answers in a folder of
their own; photos bring their poses, or leave them to a log (`log`), and strips can be filmed (`video`).
`fly(config)` gives the same truth without a file. Nothing here shares geometry code with `pipeline.geo`, nor readers of
files with `pipeline.ingest`, so that they can contradict each other. What the noise profiles mean is written in
`pipeline.sim.noise`.
"""

from pipeline.sim.config import FlightConfig
from pipeline.sim.flight import SimFlight, make_flight
from pipeline.sim.truth import Reported, Truth, fly

__all__ = ["FlightConfig", "Reported", "SimFlight", "Truth", "fly", "make_flight"]
