// The map's layers from the ground up. Words on it are drawn by the browser's own fonts: there is no server for glyphs.
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";

export const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
export const FONTS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "sans-serif"];

/** What a person may switch on and off, and the layers behind each. */
export const SHOWN = {
  photos: [], // a layer for each tile, added when they are known
  searched: ["searched"],
  unlooked: ["gaps", "gaps-edge", "unsearched"],
  track: ["track-casing", "track", "track-arrows", "track-ends"],
  cameras: ["cameras", "camera-tops"],
  ellipses: [], // a layer of its own kind
  labels: [], // a part of the badges
  grid: ["grid", "grid-labels"],
} as const;

export type Shown = keyof typeof SHOWN;

const PAPER = "#e9edef";
const TEAL = "#00697d";
const RED = "#b3261e";
const BLUE = "#1668b8";
const INK = "#16242b";

const geojson = (tolerance = 0.2, maxzoom = 19): SourceSpecification => ({
  type: "geojson",
  data: NOTHING,
  maxzoom,
  tolerance,
  buffer: 64,
});

const SOURCES: Record<string, SourceSpecification> = {
  grid: geojson(0),
  gaps: geojson(),
  footprints: geojson(),
  lit: geojson(), // the footprints of photos that show the place that was asked for
  track: geojson(),
  ends: geojson(),
  cameras: geojson(0, 20),
  hits: geojson(0, 20),
  chosen: geojson(0),
  move: geojson(0),
  place: geojson(0),
};

/** A badge's name says everything that it shows; pictures.ts reads it back. */
export function badgeName(lang: string): ExpressionSpecification {
  return ["concat", `badge|${lang}|`, ["get", "c"], "|", ["get", "v"], "|", ["get", "o"]];
}

const GROUND: LayerSpecification[] = [
  { id: "paper", type: "background", paint: { "background-color": PAPER } },
  { id: "grid", type: "line", source: "grid", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": "#cfd8dc", "line-width": 1 } },
];

/** Nothing to see: base maps go below the first, the photos' ground projection below the second. */
const RUNGS: LayerSpecification[] = ["base-top", "mosaic-top"].map((id) => (
  { id, type: "background", paint: { "background-opacity": 0 } }
));

const SURVEY: LayerSpecification[] = [
  { id: "gaps", type: "fill", source: "gaps", paint: { "fill-pattern": "hatch", "fill-opacity": 0.9 } },
  { id: "gaps-edge", type: "line", source: "gaps", paint: { "line-color": RED, "line-width": 1, "line-opacity": 0.7 } },
  {
    id: "searched", type: "line", source: "footprints", filter: ["get", "searched"],
    paint: { "line-color": TEAL, "line-width": 1, "line-opacity": 0.45 },
  },
  {
    id: "unsearched", type: "line", source: "footprints", filter: ["!", ["get", "searched"]],
    paint: { "line-color": RED, "line-width": 1.6, "line-dasharray": [4, 2.5], "line-opacity": 0.9 },
  },
  { id: "lit", type: "fill", source: "lit", paint: { "fill-color": "#ffd54a", "fill-opacity": 0.1 } },
  { id: "lit-edge", type: "line", source: "lit", paint: { "line-color": "#c98a00", "line-width": 1.5 } },
  { id: "track-casing", type: "line", source: "track", layout: { "line-join": "round" }, paint: { "line-color": "#fff", "line-width": 4.5, "line-opacity": 0.85 } },
  { id: "track", type: "line", source: "track", layout: { "line-join": "round" }, paint: { "line-color": BLUE, "line-width": 2 } },
  {
    id: "track-arrows", type: "symbol", source: "track",
    layout: { "symbol-placement": "line", "symbol-spacing": 110, "icon-image": "arrow", "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-rotation-alignment": "map" },
  },
  {
    id: "cameras", type: "circle", source: "cameras", minzoom: 14.5,
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 14.5, 1.6, 17, 3.6],
      "circle-color": ["case", ["get", "searched"], BLUE, "#fff"],
      "circle-stroke-color": ["case", ["get", "searched"], "#fff", RED],
      "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 14.5, 0.6, 17, 1.5],
    },
  },
  {
    id: "camera-tops", type: "symbol", source: "cameras", minzoom: 18,
    layout: {
      "icon-image": ["case", ["get", "searched"], "top", "top-not"], "icon-rotate": ["get", "heading"], "icon-rotation-alignment": "map",
      "icon-allow-overlap": true, "icon-ignore-placement": true,
    },
  },
  {
    id: "track-ends", type: "symbol", source: "ends",
    layout: { "icon-image": "start", "icon-allow-overlap": true, "text-field": ["get", "name"], "text-font": FONTS, "text-size": 12, "text-offset": [0.9, 0], "text-anchor": "left", "text-optional": true },
    paint: { "text-color": "#1e6b36", "text-halo-color": "#fff", "text-halo-width": 1.6 },
  },
];

const HITS: LayerSpecification[] = [
  {
    id: "hit-badges", type: "symbol", source: "hits", filter: ["<=", ["get", "z"], ["zoom"]],
    layout: {
      "icon-image": badgeName("zh"), "icon-padding": 0, "symbol-sort-key": ["-", 0, ["get", "p"]],
      "text-font": FONTS, "text-size": 12.5, "text-anchor": "left", "text-offset": [1.2, 0], "text-padding": 1,
      "text-max-width": 20, "text-optional": true,
    },
    paint: { "text-color": INK, "text-halo-color": "rgba(255, 255, 255, 0.95)", "text-halo-width": 1.8 },
  },
];

const CHOSEN: LayerSpecification[] = [
  { id: "chosen-halo", type: "circle", source: "chosen", paint: { "circle-radius": 19, "circle-color": "rgba(255, 255, 255, 0.35)", "circle-stroke-color": "#ffb300", "circle-stroke-width": 3.5 } },
  { id: "chosen-edge", type: "circle", source: "chosen", paint: { "circle-radius": 22.5, "circle-color": "rgba(0, 0, 0, 0)", "circle-stroke-color": INK, "circle-stroke-width": 1 } },
  {
    id: "chosen", type: "symbol", source: "chosen",
    layout: {
      "icon-image": badgeName("zh"), "icon-allow-overlap": true, "text-font": FONTS, "text-size": 13.5,
      "text-anchor": "left", "text-offset": [1.85, 0], "text-allow-overlap": true, "text-max-width": 20,
    },
    paint: { "text-color": INK, "text-halo-color": "#fff", "text-halo-width": 2.2 },
  },
  { id: "move-casing", type: "line", source: "move", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": "#fff", "line-width": 5, "line-opacity": 0.9 } },
  { id: "move-line", type: "line", source: "move", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": INK, "line-width": 2, "line-dasharray": [2, 1.5] } },
  { id: "move-to", type: "symbol", source: "move", filter: ["==", ["geometry-type"], "Point"], layout: { "icon-image": "target", "icon-allow-overlap": true, "icon-ignore-placement": true } },
  { id: "place", type: "symbol", source: "place", layout: { "icon-image": "target", "icon-allow-overlap": true, "icon-ignore-placement": true } },
  {
    id: "grid-labels", type: "symbol", source: "grid", filter: ["==", ["geometry-type"], "Point"],
    layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": 10.5, "text-anchor": ["get", "anchor"], "text-offset": ["case", ["==", ["get", "anchor"], "top"], ["literal", [0, 0.4]], ["literal", [0.4, 0]]], "text-allow-overlap": true, "text-ignore-placement": true },
    paint: { "text-color": "#546670", "text-halo-color": "rgba(255, 255, 255, 0.85)", "text-halo-width": 1.2 },
  },
];

/** The whole style with empty sources; the layers of dots and ellipses go in below the badges. */
export function emptyStyle(): StyleSpecification {
  return { version: 8, sources: SOURCES, layers: [...GROUND, ...RUNGS, ...SURVEY, ...HITS, ...CHOSEN] };
}
