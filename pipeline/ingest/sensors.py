"""Widths and heights of camera sensors, in mm, by the model name that EXIF carries.

Sources: [o] OpenSfM, opensfm/data/sensor_data.json (BSD-2), widths; heights are width × pixel aspect.
[m] the maker's own specification of the sensor's format: 1-inch type 13.2 × 8.8, 4/3 type 17.3 × 13.0,
1/2.3-inch type 6.17 × 4.63 (the values in common use for these types), full frame as printed by the maker.
[f] computed from the maker's own focal length and 35 mm equivalent (diagonal, 43.267 mm) of that camera.

Only cameras with one lens in front of one sensor are listed. A payload whose lenses share a model name (M3T,
M30T, H20T, M4T …) says its 35 mm equivalent, DewarpData or CalibratedFocalLength for each lens, and those serve.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor's light-sensitive area."""

    width_mm: float
    height_mm: float


_SMALL = Sensor(6.17, 4.63)
_ONE_INCH = Sensor(13.2, 8.8)
_FOUR_THIRDS = Sensor(17.3, 13.0)
_FULL_FRAME = Sensor(35.9, 24.0)

SENSORS: dict[str, Sensor] = {
    "FC220": _SMALL,  # Mavic Pro [o]
    "FC300S": Sensor(6.16, 4.62),  # Phantom 3 Professional [o]
    "FC300X": Sensor(6.2, 4.65),  # Phantom 3 Professional [o]
    "FC300C": Sensor(6.31, 4.73),  # Phantom 3 Standard [o]
    "FC330": Sensor(6.25, 4.69),  # Phantom 4 [o]
    "FC350": _SMALL,  # Zenmuse X3 [o]
    "FC350Z": _SMALL,  # Zenmuse Z3 [o]
    "FC550": _FOUR_THIRDS,  # Zenmuse X5 [m]
    "FC550RAW": _FOUR_THIRDS,  # Zenmuse X5R [m]
    "FC6310": _ONE_INCH,  # Phantom 4 Pro [m]
    "FC6310S": _ONE_INCH,  # Phantom 4 Pro V2 [m]
    "FC6310R": _ONE_INCH,  # Phantom 4 RTK [m]
    "FC6510": _ONE_INCH,  # Zenmuse X4S [m]
    "FC6520": _FOUR_THIRDS,  # Zenmuse X5S [m]
    "FC6540": Sensor(23.5, 15.7),  # Zenmuse X7 [m]
    "FC7203": _SMALL,  # Mavic Mini, 1/2.3 inch [m]
    "FC7303": _SMALL,  # Mini 2, 1/2.3 inch [m]
    "FC3411": _ONE_INCH,  # Air 2S, 1 inch [m]
    "FC3582": Sensor(9.69, 7.27),  # Mini 3 Pro: 6.72 mm is 24 mm [f]
    "L1D-20c": _ONE_INCH,  # Mavic 2 Pro, 1 inch [m]
    "L2D-20c": _FOUR_THIRDS,  # Mavic 3, 4/3 [m]
    "M3E": _FOUR_THIRDS,  # Mavic 3 Enterprise: the tele lens is told by the 35 mm equivalent [m]
    "M4E": _FOUR_THIRDS,  # Matrice 4E, likewise [m]
    "ZenmuseP1": _FULL_FRAME,  # 35.9 × 24.0 mm [m]
    "XT705": _ONE_INCH,  # Autel EVO II Pro, 1 inch [m]
    "Canon PowerShot S100": Sensor(7.53, 5.64),  # [o]
    "Canon PowerShot S110": Sensor(7.53, 5.64),  # [o]
    "Canon PowerShot SX260 HS": Sensor(6.16, 4.62),  # [o]
    "Canon PowerShot SX230 HS": Sensor(6.16, 4.62),  # [o]
    "Canon PowerShot ELPH 310 HS": Sensor(6.16, 4.62),  # [o]
    "Canon PowerShot G9 X": _ONE_INCH,  # [o]
    "ILCE-7RM2": _FULL_FRAME,  # [m]
    "ILCE-7RM3": _FULL_FRAME,  # [m]
    "ILCE-6000": Sensor(23.5, 15.6),  # [m]
    "DSC-RX1RM2": Sensor(35.9, 24.0),  # [m]
    "DSC-RX100M3": _ONE_INCH,  # [m]
}


def sensor_of(model: str) -> Sensor | None:
    """The sensor of a camera model, or None when the table does not know it."""
    return SENSORS.get(model)
