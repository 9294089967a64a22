"""What can go wrong, in the words of the person who has to fix it.

PipelineError
├── MissionError      the flight is unusable       (missing file, nothing to read, bad mission file)
│   ├── ImageryError  this picture cannot be read  (damaged, too large, not a picture)
│   └── NoPoseError   nobody knows where this camera was or where it looked
├── ModelError        the detector is unusable     (unknown name, wrong checksum)
├── GeometryError     the ray never meets the ground
├── ScoreError        targets or rules make no sense
├── ContestError      the contest does not allow it, or its records do not agree
└── OutputError       the result cannot be written (it is there already, the folder is read-only)
"""


class PipelineError(Exception):
    """Base of every error a user can fix; anything else is a bug."""


class MissionError(PipelineError):
    """The flight folder, mission file or imagery cannot be used."""


class ImageryError(MissionError):
    """A picture is damaged, too large or not a picture."""


class NoPoseError(MissionError):
    """A frame has no usable position or attitude."""


class ModelError(PipelineError):
    """The detector is unknown or its weights do not match the registry."""


class GeometryError(PipelineError):
    """A pixel's ray does not meet the ground."""


class ScoreError(PipelineError):
    """Targets, hits or rules are inconsistent."""


class ContestError(PipelineError):
    """The contest does not allow it now, or its records do not agree with each other."""


class OutputError(PipelineError):
    """A result cannot be written where it was asked for."""
