"""Pictures in, boxes out: detectors, and boxes from elsewhere in a detector's place.

>>> see = load_detector("marker")  # doctest: +SKIP
>>> see.find(image, "DJI_0001.JPG")  # doctest: +SKIP
"""

from pipeline.detect.boxes import Boxes, Searched, load_boxes, read_boxes, write_boxes
from pipeline.detect.detector import Detector, See, load_detector

__all__ = ["Boxes", "Detector", "Searched", "See", "load_boxes", "load_detector", "read_boxes", "write_boxes"]
