"""How different DJI cameras write the same facts into a photo.

The spellings and decimals follow real files: H20T, and for FC330 its siblings FC300S and FC220. FC6310 and M3E follow
published examples of their headers, and the laser tags of H20T DJI's description, since no such file was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """One camera and its way of writing. The nominal focal length of the raster is focal_mm / sensor_mm * width."""

    model: str
    focal_mm: float
    sensor_mm: float  # width of the sensor behind the raster
    height_decimals: int = 2
    longitude_key: str = ""  # "": no position in the XMP
    calibrated: bool = False  # writes CalibratedFocalLength
    dewarp: bool = False  # writes DewarpData
    rtk: bool = False  # writes RtkFlag
    elements: bool = False  # XMP as elements, not as attributes

    def focal_px(self, width_px: int) -> float:
        return self.focal_mm / self.sensor_mm * width_px


# Focal lengths of the lenses of one gimbal, as multiples of the wide one's.
ZOOM = {"": 1.0, "W": 1.0, "Z": 4.0}

DIALECTS = {
    "fc330": Dialect("FC330", 3.61, 6.25),
    "fc6310": Dialect("FC6310", 8.8, 13.2, longitude_key="GpsLongtitude", calibrated=True),
    "fc6310-elements": Dialect("FC6310", 8.8, 13.2, longitude_key="GpsLongtitude", calibrated=True, elements=True),
    "h20t": Dialect("ZH20T", 4.5, 6.49, 3, longitude_key="GpsLongitude", calibrated=True),
    "m3e": Dialect("M3E", 12.29, 17.3, 3, longitude_key="GpsLongitude", dewarp=True, rtk=True),
}
