"""Metadata that lie: found by what overlapping photos and positions say together, named, and repaired or refused."""

from pipeline.geo.liars.after import liars_after
from pipeline.geo.liars.examine import Examined, examine
from pipeline.geo.liars.finding import KINDS, TITLES, Finding
from pipeline.geo.liars.places import hours_off, in_gcj02
from pipeline.geo.liars.repair import repaired

__all__ = ["KINDS", "TITLES", "Examined", "Finding", "examine", "hours_off", "in_gcj02", "liars_after", "repaired"]
