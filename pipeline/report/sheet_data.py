"""What a hit sheet says, as plain texts in the reader's language: the template only sets them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.report.colours import class_colour
from pipeline.report.finished import Finished
from pipeline.report.places import cgcs2000, dms
from pipeline.report.reviewed import counts_by_verdict
from pipeline.report.rounding import rounded_text
from pipeline.report.sheet_text import local_time, plain_text
from pipeline.report.tables import seen_moving
from pipeline.words import SUBJECTS, Lang, class_word, word
from pipeline.words.survey import WORDS as SURVEY

MOST_EVIDENCE = 6  # photos listed on a source's page
MOST_REASONS = 10
MOST_WARNINGS = 10
MOST_EXAMPLES = 3
VERDICT_COLOURS = {"confirmed": "#1b7f3b", "added": "#1d5fa8", "open": "#b06a00", "rejected": "#8a1c1c"}
Pair = list[str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the sheet: the language and the time zone."""

    lang: Lang
    where: ZoneInfo

    def say(self, key: str, **values: Any) -> str:
        """A phrase of the catalogue with its values."""
        return word(key, self.lang).format(**values) if values else word(key, self.lang)

    def time(self, text: str | None) -> str:
        return local_time(text, self.where)

    def words(self) -> dict[str, str]:
        """The phrases that the template uses by itself, without their common prefix."""
        said = {key.removeprefix("sheet_"): key for key in SUBJECTS["sheets"]}
        return {short: word(key, self.lang) for short, key in said.items()} | {
            k: word(k, self.lang) for k in ("class", "reason", "photo", "confidence")
        }


def source_page(done: Finished, feature: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """All texts of one source's page."""
    props = feature["properties"]
    return {
        "n": str(done.numbers[feature["id"]]),
        "id": feature["id"],
        "class": class_word(props["class"], reader.lang),
        "colour": class_colour(props["class"]),
        "verdict": reader.say(f"sheet_{props['verdict']}"),
        "verdict_colour": VERDICT_COLOURS[props["verdict"]],
        "where": _where(feature, reader),
        "radius": reader.say("sheet_radius_told", r90=rounded_text(props["r90_m"], 1)),
        "what": _what(props, reader),
        "review": _review(props, reader),
        "comments": [_comment(c, reader) for c in props["comments"]],
        "evidence": [_evidence(e, reader) for e in _shown_first(props["evidence"])],
        "more": _more(len(props["evidence"]) - MOST_EVIDENCE, reader),
    }


def _where(feature: Mapping[str, Any], reader: Reader) -> list[Pair]:
    lon_deg, lat_deg, alt_m = feature["geometry"]["coordinates"]
    rows = [
        ["sheet_latitude", f"{rounded_text(lat_deg, 7)}°"],
        ["sheet_longitude", f"{rounded_text(lon_deg, 7)}°"],
        ["sheet_dms", f"{dms(lat_deg, 'NS')}\n{dms(lon_deg, 'EW')}"],
        ["sheet_height", f"{rounded_text(alt_m, 2)} m"],
    ]
    grid = cgcs2000(lat_deg, lon_deg)
    if grid is not None:
        told = reader.say("sheet_zone_told", zone=grid.zone, meridian=grid.meridian_deg)
        rows += [["sheet_zone", told], ["sheet_north", f"{rounded_text(grid.x_north_m, 3)} m"]]
        rows += [["sheet_east", f"{rounded_text(grid.y_east_m, 3)} m"]]
    rows += [["sheet_radius", f"{rounded_text(feature['properties']['r90_m'], 1)} m"]]
    return [[reader.say(key), text] for key, text in rows]


def _what(props: Mapping[str, Any], reader: Reader) -> list[Pair]:
    rows = [
        ["class", f"{class_word(props['class'], reader.lang)} ({props['class']})"],
        ["origin", reader.say(f"sheet_origin_{'officer' if props['origin'] == 'officer' else 'model'}")],
        ["confidence", rounded_text(props["confidence"], 2)],
        ["sightings", reader.say("sheet_sightings_told", n=props["sightings"])],
        ["first_seen", reader.time(props["first_seen"])],
        ["last_seen", reader.time(props["last_seen"])],
    ]
    rows += _moving(props)
    if props["assumed"]:
        rows += [["sheet_assumed", "; ".join(_assumption(a, reader) for a in props["assumed"])]]
    return [[reader.say(key), text] for key, text in rows]


def _moving(props: Mapping[str, Any]) -> list[Pair]:
    told = seen_moving(props)
    speed = [["moving", f"{rounded_text(told['moving_mps'], 1)} m/s"]] if "moving_mps" in told else []
    share = [["drifting", f"{rounded_text(100 * told['drifting'], 0)} %"]] if "drifting" in told else []
    return speed + share


def _assumption(name: str, reader: Reader) -> str:
    key = f"sheet_assumed_{name}"
    return reader.say(key) if key in SUBJECTS["sheets"] else plain_text(name)


def _review(props: Mapping[str, Any], reader: Reader) -> list[Pair]:
    changes = [reader.say(f"sheet_{key}") for key in ("moved", "reclassed") if props[key]]
    who, when = props["reviewed_by"], props["reviewed_at"]
    rows = [
        ["sheet_verdict", reader.say(f"sheet_{props['verdict']}")],
        ["sheet_reviewed_by", plain_text(who) if who else reader.say("sheet_review_none")],
    ]
    rows += [["sheet_reviewed_at", reader.time(when)]] if when else []
    rows += [["sheet_changes", "; ".join(changes)]] if changes else []
    return [[reader.say(key), text] for key, text in rows]


def _comment(comment: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    who, when = comment["who"] or "—", reader.time(comment["when"]).partition("\n")[0]
    return {"by": plain_text(f"{who}  {when}"), "text": plain_text(comment["note"])}


def _shown_first(evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The photo of the crop first, then the surest, as many as are listed."""
    ranked = sorted(evidence, key=lambda e: (not e.get("crop"), -e["confidence"], e["frame_id"]))
    return ranked[:MOST_EVIDENCE]


def _evidence(seen: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    return {
        "photo": plain_text(seen["frame_id"]),
        "time": reader.time(seen["t"]),
        "pixel": ", ".join(rounded_text(v, 1) for v in seen["point_px"]),
        "confidence": rounded_text(seen["confidence"], 2),
        "sha256": plain_text(seen["sha256"] or "—"),
    }


def _more(count: int, reader: Reader) -> str:
    return reader.say("sheet_more", n=count) if count > 0 else ""


def summary_page(
    done: Finished, told: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], area_m2: float, reader: Reader
) -> dict[str, Any]:
    """All texts of the page in front; `told`: the data of the run's map."""
    return {
        "facts": _facts(done, told, listed, area_m2, reader),
        "rows": [_row(done, f, reader) for f in listed],
        "unsearched": _unsearched(told["skipped"]),
        "unsearched_more": _more(len({r for _, r in told["skipped"]}) - MOST_REASONS, reader),
        "warnings": [plain_text(w) for w in told["warnings"][:MOST_WARNINGS]],
        "warnings_more": _more(len(told["warnings"]) - MOST_WARNINGS, reader),
    }


def _facts(
    done: Finished, told: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], area_m2: float, reader: Reader
) -> list[Pair]:
    facts, track = done.provenance, done.layer("track").iloc[0]
    searched = sum(bool(f["searched"]) for f in told["frames"])
    photos = {"all": len(told["frames"]), "searched": searched, "left": len(told["frames"]) - searched}
    counts = counts_by_verdict(done.collection)
    rows = [[_meta_word(key, reader), plain_text(value)] for key, value in told["meta"] if value]
    flown = [reader.time(track[key]) for key in ("first", "last")]
    rows += [
        [reader.say("sheet_flown"), " —\n".join(t.partition("\n")[0] for t in flown)],
        [reader.say("sheet_photos"), reader.say("sheet_photos_told", **photos)],
        [reader.say("sheet_area"), f"{rounded_text(area_m2 / 1e6, 3)} km²"],
        [reader.say("sheet_found"), reader.say("sheet_found_told", listed=len(listed), **counts)],
        [reader.say("sheet_detector"), plain_text(facts.get("models", {}).get("detector") or "—")],
        [reader.say("sheet_ground"), _ground(facts.get("ground", {}), reader)],
        [reader.say("sheet_run"), plain_text(done.collection["mission_id"])],
    ]
    return rows


def _meta_word(key: str, reader: Reader) -> str:
    return reader.say("mission" if key == "name" else key) if key in SURVEY else plain_text(key)


def _ground(ground: Mapping[str, Any], reader: Reader) -> str:
    """The terrain model's file, without the folders of whoever ran the search."""
    dem = ground.get("dem")
    return plain_text(str(dem).replace("\\", "/").rpartition("/")[2]) if dem else reader.say("sheet_plane")


def _row(done: Finished, feature: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    lon_deg, lat_deg = feature["geometry"]["coordinates"][:2]
    props = feature["properties"]
    return {
        "n": str(done.numbers[feature["id"]]),
        "class": class_word(props["class"], reader.lang),
        "colour": class_colour(props["class"]),
        "place": f"{rounded_text(lon_deg, 6)}, {rounded_text(lat_deg, 6)}",
        "r90": f"{rounded_text(props['r90_m'], 1)} m",
        "time": reader.time(props["first_seen"]).partition("\n")[0].partition(" (")[0],
        "verdict": reader.say(f"sheet_{props['verdict']}"),
        "verdict_colour": VERDICT_COLOURS[props["verdict"]],
    }


def _unsearched(skipped: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Reasons, the commonest first, with how many photos each kept out and some of their names."""
    names: dict[str, list[str]] = defaultdict(list)
    for frame_id, reason in skipped:
        names[reason].append(frame_id)
    common = Counter({reason: len(ids) for reason, ids in names.items()}).most_common(MOST_REASONS)
    return [
        {
            "reason": plain_text(reason),
            "count": str(count),
            "examples": plain_text(", ".join(names[reason][:MOST_EXAMPLES])),
        }
        for reason, count in common
    ]
