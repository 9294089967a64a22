"""A flight folder becomes a Mission."""

from __future__ import annotations

from pipeline.ingest.mission import open_mission
from pipeline.ingest.mission_file import Control, MissionFile, read_mission_file
from pipeline.ingest.overrides import mission_file_of, run_table

__all__ = ["Control", "MissionFile", "mission_file_of", "open_mission", "read_mission_file", "run_table"]
