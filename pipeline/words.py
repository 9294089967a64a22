"""Words that people read, in Chinese and English: one catalogue, so that a term is said the same way everywhere."""

from __future__ import annotations

from typing import Literal

Lang = Literal["zh", "en"]

WORDS: dict[str, tuple[str, str]] = {
    # what was found
    "hit": ("污染点", "Hit"),
    "hits": ("污染点", "Hits"),
    "sightings": ("目击次数", "Sightings"),
    "evidence": ("证据照片", "Evidence photos"),
    "class": ("类别", "Class"),
    "origin": ("来源", "Origin"),
    "model": ("自动识别", "model"),
    "officer": ("人工标注", "officer"),
    "confidence": ("置信度", "Confidence"),
    "r90": ("90% 误差半径", "90 % radius"),
    "ellipse": ("误差椭圆 (90%)", "Error ellipse (90 %)"),
    "first_seen": ("首次发现", "First seen"),
    "last_seen": ("最后发现", "Last seen"),
    "assumed": ("假定条件", "Assumed"),
    "photo": ("照片", "Photo"),
    "photos": ("照片", "Photos"),
    "crop": ("局部图", "Crop"),
    "context": ("全图", "Whole photo"),
    "id": ("编号", "Id"),
    "name": ("名称", "Name"),
    # coordinates
    "wgs84": ("WGS 84 经纬度", "WGS 84"),
    "dms": ("度分秒", "Degrees, minutes, seconds"),
    "cgcs2000": ("CGCS2000 3° 带", "CGCS2000 3° zone"),
    "zone": ("带号", "Zone"),
    "central_meridian": ("中央子午线", "Central meridian"),
    "north_x": ("纵坐标 X (北)", "X (north)"),
    "east_y": ("横坐标 Y (东，含带号)", "Y (east, zone prefixed)"),
    "height": ("椭球高", "Ellipsoidal height"),
    "latitude": ("纬度", "Latitude"),
    "longitude": ("经度", "Longitude"),
    "latitude_dms": ("纬度 (度分秒)", "Latitude (DMS)"),
    "longitude_dms": ("经度 (度分秒)", "Longitude (DMS)"),
    "navigate": ("导航", "Navigate"),
    "display_only": ("仅供显示导航", "display only"),
    # the map
    "map": ("航拍巡查地图", "Survey map"),
    "layers": ("图层", "Layers"),
    "layer_photos": ("照片拼图", "Photo mosaic"),
    "layer_searched": ("已检索范围", "Searched footprints"),
    "layer_unsearched": ("未检索范围", "Footprints not searched"),
    "layer_track": ("航迹", "Flight track"),
    "layer_radius": ("误差圆与椭圆", "Error circles, ellipses"),
    "layer_labels": ("标注", "Labels"),
    "list": ("清单", "List"),
    "summary": ("概况", "Summary"),
    "skipped": ("未使用的照片", "Photos not used"),
    "not_located": ("未能定位的目标", "Seen, but without a place"),
    "warnings": ("警告", "Warnings"),
    "reason": ("原因", "Reason"),
    "searched": ("已检索", "Searched"),
    "fit": ("全图", "Fit all"),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "close": ("关闭", "Close"),
    "none": ("无", "None"),
    "no_hits": ("未发现污染点", "Nothing was found"),
    "copy": ("复制坐标", "Copy coordinates"),
    "copied": ("已复制", "Copied"),
    "mission": ("任务", "Mission"),
    "site": ("地点", "Site"),
    "pilot": ("飞手", "Pilot"),
    "drone": ("无人机", "Drone"),
    "camera": ("相机", "Camera"),
    "clock": ("时钟", "Clock"),
    "start": ("开始时间 (UTC)", "Start (UTC)"),
    "review": ("核查", "Review"),
    "keys": ("拖动平移 · 滚轮缩放 · 方向键 · + − · 0 全图", "drag to pan · wheel to zoom · arrows · + − · 0 fits"),
    "all": ("全部", "All"),
}

CLASSES: dict[str, tuple[str, str]] = {
    "outfall": ("排污口", "Outfall"),
    "outfall/discharging": ("排污口（正在排放）", "Outfall, discharging"),
    "dust": ("扬尘", "Dust"),
    "dust/pile": ("裸露料堆", "Uncovered pile"),
    "smoke": ("烟雾", "Smoke"),
    "smoke/straw": ("秸秆焚烧", "Straw burning"),
    "smoke/chimney": ("烟囱排烟", "Chimney smoke"),
    "burn-scar": ("焚烧痕迹", "Burn scar"),
    "marker": ("标志（靶标）", "Marker"),
}


def word(key: str, lang: Lang) -> str:
    """The word in "zh" or "en"; raises KeyError for a key that is not in the catalogue."""
    return WORDS[key][0 if lang == "zh" else 1]


def both(key: str) -> str:
    """Chinese first, English beside it."""
    return " ".join(dict.fromkeys(WORDS[key]))


def class_word(label: str, lang: Lang) -> str:
    """A class in words; of an unknown path its nearest known parent, else the path itself."""
    path = label
    while path:
        if path in CLASSES:
            return CLASSES[path][0 if lang == "zh" else 1]
        path = path.rpartition("/")[0]
    return label
