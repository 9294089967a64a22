"""hits.kml: the hits for Google Earth and field apps, with crops and a link for navigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pipeline.report.colours import class_colour
from pipeline.report.places import dms, navigation_link
from pipeline.report.shapes import circle, line, polygon
from pipeline.report.tables import best_evidence, comment_line, printable
from pipeline.types import GeoPoint
from pipeline.words import WORDS, both, class_word

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
STYLES = (
    '<Style id="r90"><LineStyle><color>ffffffff</color><width>2</width></LineStyle>'
    "<PolyStyle><fill>0</fill></PolyStyle></Style>\n"
    '<Style id="track"><LineStyle><color>ffe0a030</color><width>2</width></LineStyle></Style>\n'
)


def hits_kml(name: str, collection: Mapping[str, Any], track: Sequence[GeoPoint] = ()) -> bytes:
    """The KML document: a folder of hits, one of their 90 % circles, and the track; crops by relative path."""
    features = collection["features"]
    classes = sorted({f["properties"]["class"] for f in features})
    parts = [HEAD, f"<name>{xml_text(name)}</name>\n", STYLES]
    parts += [_style(label) for label in classes]
    parts += [f"<Folder><name>{both('hits')}</name>\n", *(_placemark(f) for f in features), "</Folder>\n"]
    parts += [f"<Folder><name>{both('r90')}</name>\n", *(_circle(f) for f in features), "</Folder>\n"]
    parts += [_track(track)] if len(track) > 1 else []
    return "".join([*parts, "</Document>\n</kml>\n"]).encode()


def xml_text(text: str) -> str:
    """Text for XML: escaped, and without the characters that XML forbids."""
    return escape(printable(text), quote=True)


def _style(label: str) -> str:
    red, green, blue = (class_colour(label)[i : i + 2] for i in (1, 3, 5))
    return f'<Style id="{_style_id(label)}"><IconStyle><color>ff{blue}{green}{red}</color></IconStyle></Style>\n'


def _style_id(label: str) -> str:
    return "c" + label.encode().hex()


def _placemark(feature: Mapping[str, Any]) -> str:
    props = feature["properties"]
    lon_deg, lat_deg = feature["geometry"]["coordinates"][:2]
    title = f"{props.get('n', '')} {props['id']} {class_word(props['class'], 'zh')}".strip()
    return (
        f"<Placemark><name>{xml_text(title)}</name><styleUrl>#{_style_id(props['class'])}</styleUrl>"
        f"<description>{escape(_description(feature), quote=False)}</description>"
        f"<Point><coordinates>{lon_deg:.9f},{lat_deg:.9f}</coordinates></Point></Placemark>\n"
    )


def _description(feature: Mapping[str, Any]) -> str:
    """HTML for the balloon; the caller escapes it once more for XML."""
    props = feature["properties"]
    lon_deg, lat_deg = feature["geometry"]["coordinates"][:2]
    best = best_evidence(props.get("evidence", ()))
    link = navigation_link(lat_deg, lon_deg, props["id"])
    rows = {
        "class": f"{class_word(props['class'], 'zh')} {props['class']}",
        "confidence": f"{props['confidence']:.2f}",
        "r90": f"{props['r90_m']:.1f} m",
        "wgs84": f"{lat_deg:.7f}, {lon_deg:.7f}",
        "dms": f"{dms(lat_deg, 'NS')} {dms(lon_deg, 'EW')}",
        "sightings": str(props["sightings"]),
        **_verdict(props),
    }
    table = "".join(f"<tr><td>{both(key)}</td><td>{xml_text(value)}</td></tr>" for key, value in rows.items())
    picture = f'<img src="{escape(best["crop"])}" width="320"/>' if best and best["crop"] else ""
    shown = f"{both('navigate')} GCJ-02 ({WORDS['display_only'][1]} {WORDS['display_only'][0]})"
    return f'{picture}<table>{table}</table><a href="{escape(link)}">{shown}</a>'


def _verdict(props: Mapping[str, Any]) -> dict[str, str]:
    """What officers made of a hit of a reviewed list."""
    if "verdict" not in props:
        return {}
    comments = "; ".join(map(comment_line, props["comments"]))
    told = {"sheet_verdict": both(f"sheet_{props['verdict']}"), "sheet_reviewed_by": props["reviewed_by"]}
    told |= {"sheet_reviewed_at": props["reviewed_at"], "sheet_comments": comments}
    return {key: text for key, text in told.items() if text}


def _circle(feature: Mapping[str, Any]) -> str:
    lon_deg, lat_deg = feature["geometry"]["coordinates"][:2]
    shape: Any = polygon(circle(lat_deg, lon_deg, feature["properties"]["r90_m"]))
    rings = "".join(
        f"<Polygon><outerBoundaryIs><LinearRing>{_corners(p.exterior)}</LinearRing></outerBoundaryIs></Polygon>"
        for p in shape.geoms
    )
    return _shapes(xml_text(f"{feature['id']} r90"), "r90", rings)


def _track(points: Sequence[GeoPoint]) -> str:
    shape: Any = line([(p.lat_deg, p.lon_deg, p.alt_m) for p in points])
    lines = "".join(f"<LineString><tessellate>1</tessellate>{_corners(p)}</LineString>" for p in shape.geoms)
    return _shapes(both("layer_track"), "track", lines)


def _shapes(title: str, style: str, shapes: str) -> str:
    name = f"<name>{title}</name><styleUrl>#{style}</styleUrl>"
    return f"<Placemark>{name}<MultiGeometry>{shapes}</MultiGeometry></Placemark>\n"


def _corners(shape: Any) -> str:
    return "<coordinates>" + " ".join(f"{c[0]:.8f},{c[1]:.8f}" for c in shape.coords) + "</coordinates>"
