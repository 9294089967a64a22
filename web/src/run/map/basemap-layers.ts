// Base maps on the map itself, below everything of the survey.
import { effect } from "@preact/signals";
import type { LayerSpecification, Map as GlMap, SourceSpecification } from "maplibre-gl";

import type { Basemap, Layer } from "../../types";
import { hiddenLayers, online, onlineShown, ownLayers, type Online } from "./basemap";

const TOP = "base-top"; // an empty layer: online maps go below the organisation's own, both below the photos
const TIANDITU_HOSTS = ["0", "1", "2", "3", "4", "5", "6", "7"];

/** What a vector map's own header says is in it. */
type VectorFacts = Layer["facts"] & { vector_layers?: string[] };

interface Drawn {
  id: string;
  source: SourceSpecification;
  layers: LayerSpecification[];
}

/** Keep the map's base layers as the signals say; returns what ends it. */
export function followBasemaps(map: GlMap): () => void {
  let drawn: Drawn[] = [];
  return effect(() => {
    const wanted = [...fromOutside(online.value, onlineShown.value), ...own(ownLayers.value, hiddenLayers.value)];
    for (const each of drawn) takeAway(map, each);
    for (const each of wanted) put(map, each);
    drawn = wanted;
  });
}

function put(map: GlMap, { id, source, layers }: Drawn): void {
  map.addSource(id, source);
  for (const layer of layers) map.addLayer(layer, TOP);
}

function takeAway(map: GlMap, { id, layers }: Drawn): void {
  for (const layer of layers) map.removeLayer(layer.id);
  map.removeSource(id);
}

function raster(id: string, source: Omit<Extract<SourceSpecification, { type: "raster" }>, "type">): Drawn {
  return { id, source: { type: "raster", tileSize: 256, ...source }, layers: [{ id, type: "raster", source: id, paint: { "raster-fade-duration": 0 } }] };
}

/** Tianditu in Web Mercator ("w"); its datum CGCS2000 and WGS 84 differ by less than a pixel. */
function tianditu(layer: string, key: string): Drawn {
  const query = `SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles`;
  const at = `&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${encodeURIComponent(key)}`;
  const tiles = TIANDITU_HOSTS.map((host) => `https://t${host}.tianditu.gov.cn/${layer}_w/wmts?${query}${at}`);
  return raster(`online-${layer}`, { tiles, minzoom: 1, maxzoom: 18 });
}

function fromOutside(basemap: Basemap | null, shown: Online): Drawn[] {
  if (basemap === null || shown === "off") return [];
  if (shown === "xyz") return [raster("online-xyz", { tiles: [basemap.url.replace("{key}", basemap.key)], maxzoom: 19 })];
  return shown === "img" ? [tianditu("img", basemap.key), tianditu("cia", basemap.key)] : [tianditu("vec", basemap.key), tianditu("cva", basemap.key)];
}

function own(layers: readonly Layer[], hidden: ReadonlySet<string>): Drawn[] {
  return layers.filter((each) => !hidden.has(each.id)).map((each) => (each.facts.vector ? vector(each) : picture(each)));
}

function tileUrl(layer: Layer): string {
  return `${location.origin}/api/layers/${layer.id}/tiles/{z}/{x}/{y}`;
}

function extent({ facts }: Layer): { bounds?: [number, number, number, number]; minzoom?: number; maxzoom?: number } {
  const { bounds, minzoom, maxzoom } = facts;
  return { ...(bounds && { bounds }), ...(minzoom !== undefined && { minzoom }), ...(maxzoom !== undefined && { maxzoom }) };
}

function picture(layer: Layer): Drawn {
  return raster(`own-${layer.id}`, { tiles: [tileUrl(layer)], ...extent(layer) });
}

/** A vector map whose style is unknown: its areas pale, its lines thin, all alike. */
function vector(layer: Layer): Drawn {
  const id = `own-${layer.id}`;
  const names = (layer.facts as VectorFacts).vector_layers ?? [];
  const layers = names.flatMap((name): LayerSpecification[] => [
    { id: `${id}-fill-${name}`, type: "fill", source: id, "source-layer": name, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#d5dde0", "fill-opacity": 0.5 } },
    { id: `${id}-line-${name}`, type: "line", source: id, "source-layer": name, paint: { "line-color": "#8fa0a8", "line-width": 1 } },
  ]);
  return { id, source: { type: "vector", tiles: [tileUrl(layer)], ...extent(layer) }, layers };
}
