// From a picture's name, as the style makes it, to the picture.
import type { Map as GlMap } from "maplibre-gl";

import { CLASSES } from "../../words";
import { classColour } from "../classes";
import type { Origin, Verdict } from "../types";
import { arrow, badge, hatch, ICON_RATIO, start, target, top, type Picture } from "./icons";

const FIXED: Record<string, () => Picture> = {
  hatch,
  arrow,
  start,
  target,
  top: () => top(true),
  "top-not": () => top(false),
};

/** The letter on a badge: what tells a class without its colour. */
export function classLetter(label: string, lang: string): string {
  const LETTERS: Record<string, readonly [string, string]> = {
    outfall: ["排", "O"], dust: ["尘", "D"], smoke: ["烟", "S"], "burn-scar": ["焚", "B"], marker: ["标", "M"],
  };
  const root = label.split("/")[0] ?? "";
  const known = LETTERS[root]?.[lang === "zh" ? 0 : 1];
  const words = (CLASSES as Record<string, readonly [string, string]>)[label]?.[lang === "zh" ? 0 : 1];
  return known ?? (words ?? label).slice(0, 1).toUpperCase();
}

function made(name: string): Picture | null {
  const fixed = FIXED[name];
  if (fixed) return fixed();
  const [kind, lang = "zh", label = "", verdict = "open", origin = "model"] = name.split("|");
  const look = {
    colour: classColour(label), letter: classLetter(label, lang), verdict: verdict as Verdict, origin: origin as Origin,
  };
  return kind === "badge" ? badge(look) : null;
}

/** Pictures are made when the map first asks for them. */
export function drawOnDemand(map: GlMap): void {
  map.setMissingStyleImageResolver((id) => {
    const picture = map.hasImage(id) ? null : made(id);
    if (picture) map.addImage(id, picture, { pixelRatio: ICON_RATIO });
  });
}
