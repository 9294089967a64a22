// The map of one run: what the signals of state.ts hold is drawn; what a person does to the map goes back into them.
import { effect } from "@preact/signals";
import type { ExpressionSpecification, GeoJSONSource } from "maplibre-gl";
import { LngLat, Map as GlMap, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { lang, t } from "../../i18n";
import type { Hit, LonLat, RunMap } from "../../types";
import { className } from "../classes";
import { showingPlace } from "../places";
import * as state from "../state";
import type { Footprint } from "../types";
import { layersOn } from "./choices";
import { DotLayer } from "./dots";
import { EllipseLayer } from "./ellipses";
import { graticule } from "./grid";
import { drawOnDemand } from "./pictures";
import { badgeZooms } from "./ranks";
import { badgeName, emptyStyle, NOTHING, SHOWN, type Shown } from "./style";

setWorkerUrl(workerUrl);

const MOSAIC_BELOW = "mosaic-top";

const NEAR_ZOOM = 17;
const MARGIN_PX = 44;
const CROWD = 500;
const LIT_MOST = 12; // footprints of photos that show the place asked for
const BADGES_LATER_MS = 120;

export class SurveyView {
  readonly map: GlMap;
  private readonly ellipses = new EllipseLayer();
  private readonly dots = new DotLayer();
  private readonly endings: (() => void)[] = [];
  private mosaic: string[] = [];
  private touched = false; // a person moved the map: it stays where it was put
  private badging = 0;

  /** Throws when the browser has no WebGL. */
  constructor(container: HTMLElement) {
    this.map = new GlMap({
      container,
      style: emptyStyle(),
      center: [105, 35],
      zoom: 3,
      minZoom: 2,
      maxZoom: 23,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      renderWorldCopies: false,
      attributionControl: false,
      trackResize: false, // it overlooks a change that comes before its first look; `watchSize` does not
      fadeDuration: 0,
      refreshExpiredTiles: false, // so that tiles come as pictures, which the page's policy allows from the set host
      locale: { "Map.Title": t("map") },
      validateStyle: false,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    drawOnDemand(this.map);
    this.watchSize();
  }

  private watchSize(): void {
    const watcher = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = this.map.getContainer();
      if (clientWidth === 0 || clientHeight === 0) return;
      this.map.resize();
      const chosen = state.hitById(state.selected.peek()); // the panel that tells of it must not push it out of view
      if (chosen !== null) this.show(chosen);
    });
    watcher.observe(this.map.getContainer());
    this.endings.push(() => watcher.disconnect());
  }

  /** Begin to follow the signals; call once, when the style is there. */
  begin(): void {
    this.map.addLayer(this.ellipses, "hit-badges");
    this.map.addLayer(this.dots, "hit-badges");
    this.map.on("moveend", () => this.drawGrid());
    this.map.on("movestart", ({ originalEvent }) => { this.touched ||= originalEvent !== undefined; });
    this.drawGrid();
    this.follow(() => this.drawSurvey(state.survey.value));
    this.follow(() => this.drawFootprints(state.footprints.value));
    this.follow(() => this.drawTrack(state.track.value));
    this.follow(() => this.set("gaps", state.gaps.value ?? NOTHING));
    this.follow(() => this.drawHits(state.shown.value));
    this.follow(() => this.drawChosen(state.hitById(state.selected.value), state.moving.value !== null, state.movedTo.value));
    this.follow(() => this.drawPlace(state.place.value));
    this.follow(() => this.drawCameras());
    this.follow(() => this.speak(lang.value));
    this.follow(() => this.showLayers(layersOn.value));
  }

  end(): void {
    for (const stop of this.endings) stop();
    clearTimeout(this.badging);
    this.map.remove();
  }

  /** Everything that was flown and found, in view. */
  fit(animate = true): void {
    const bounds = state.survey.value?.bounds ?? boundsOf(state.hits.value.features);
    if (bounds === null) return;
    const narrow = this.map.getContainer().clientWidth < 500;
    this.map.fitBounds(bounds, { padding: narrow ? 24 : 48, maxZoom: 20, animate });
  }

  /** Nearer or further, about the hit that is chosen when it is in view. */
  zoom(by: 1 | -1): void {
    const at = state.hitById(state.selected.peek())?.geometry.coordinates as LonLat | undefined;
    const around = at !== undefined && this.map.getBounds().contains(at) ? at : this.map.getCenter();
    this.map.easeTo({ zoom: Math.round(this.map.getZoom() * 2 + by) / 2 + by / 2, around: LngLat.convert(around), duration: 250 });
  }

  /** Bring a hit into view, near enough to tell it from its neighbours; the map stays when it is there already. */
  show(hit: Hit): void {
    const at = hit.geometry.coordinates as LonLat;
    const { x, y } = this.map.project(at);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const inside = x > MARGIN_PX && y > MARGIN_PX && x < clientWidth - MARGIN_PX && y < clientHeight - MARGIN_PX;
    if (inside && this.map.getZoom() >= NEAR_ZOOM) return;
    this.map.easeTo({ center: at, zoom: Math.max(this.map.getZoom(), NEAR_ZOOM + 0.5), duration: 350 });
  }

  private follow(draw: () => void): void {
    this.endings.push(effect(draw));
  }

  private set(name: string, data: GeoJSON.GeoJSON): void {
    void this.map.getSource<GeoJSONSource>(name)?.setData(data);
  }

  private drawSurvey(survey: RunMap | null): void {
    for (const id of this.mosaic) {
      this.map.removeLayer(id);
      this.map.removeSource(id);
    }
    this.mosaic = (survey?.mosaic ?? []).map((tile, i) => {
      const id = `mosaic-${i}`;
      this.map.addSource(id, { type: "image", url: new URL(tile.url, location.href).href, coordinates: tile.corners });
      this.map.addLayer({ id, type: "raster", source: id, paint: { "raster-fade-duration": 0 } }, MOSAIC_BELOW);
      return id;
    });
    this.showLayers(layersOn.peek());
    if (survey !== null) this.fit(this.map.getZoom() > 4);
  }

  private drawTrack(track: GeoJSON.GeoJSON | null): void {
    this.set("track", track ?? NOTHING);
    const first = track && firstPoint(track);
    this.set("ends", first ? point(first, { name: t("map_start") }) : NOTHING);
  }

  private drawFootprints(footprints: Footprint[]): void {
    this.set("footprints", { type: "FeatureCollection", features: footprints });
    const opacity = Math.min(0.55, Math.max(0.14, 0.55 * Math.sqrt(60 / Math.max(footprints.length, 1))));
    this.map.setPaintProperty("searched", "line-opacity", opacity);
  }

  private drawHits(hits: Hit[]): void {
    this.dots.set(hits);
    this.ellipses.set(hits);
    clearTimeout(this.badging);
    this.badging = window.setTimeout(() => this.drawBadges(hits), hits.length > CROWD ? BADGES_LATER_MS : 0);
    if (state.survey.peek() === null && !this.touched) this.fit(false); // findings of a run that still works
  }

  /** What costs more with many hits waits until a slider rests. */
  private drawBadges(hits: readonly Hit[]): void {
    const zooms = badgeZooms(hits);
    this.set("hits", { type: "FeatureCollection", features: hits.map((hit, i) => slim(hit, zooms[i])) });
  }

  /** The cross lies on the hit itself until it is moved. */
  private drawChosen(hit: Hit | null, moving: boolean, to: LonLat | null): void {
    this.set("chosen", hit === null ? NOTHING : slim(hit));
    this.ellipses.choose(hit);
    const from = hit?.geometry.coordinates as LonLat | undefined;
    this.set("move", from === undefined || !moving ? NOTHING : moveShape(from, to ?? from));
  }

  private drawPlace(place: LonLat | null): void {
    this.set("place", place === null ? NOTHING : point(place, {}));
    const features = showingPlace.value.slice(0, LIT_MOST).map(({ footprint }) => footprint);
    this.set("lit", { type: "FeatureCollection", features });
  }

  private drawCameras(): void {
    const features = state.photos.value.flatMap(({ k, at, heading_deg, searched }) =>
      at === null ? [] : [point(at, { k, heading: heading_deg ?? 0, searched })]);
    this.set("cameras", { type: "FeatureCollection", features });
  }

  /** The pictures and words that differ between languages and classes. */
  private speak(language: string): void {
    this.map.setLayoutProperty("hit-badges", "icon-image", badgeName(language));
    this.map.setLayoutProperty("chosen", "icon-image", badgeName(language));
    const labels: ExpressionSpecification = ["concat", ["to-string", ["get", "n"]], ["coalesce", named(), ""]];
    this.map.setLayoutProperty("hit-badges", "text-field", layersOn.value.labels ? labels : "");
    this.map.setLayoutProperty("chosen", "text-field", labels);
  }

  private showLayers(on: Readonly<Record<Shown, boolean>>): void {
    this.ellipses.shown = on.ellipses;
    for (const [name, ids] of Object.entries(SHOWN) as [Shown, readonly string[]][]) {
      for (const id of name === "photos" ? this.mosaic : ids) {
        if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", on[name] ? "visible" : "none");
      }
    }
    this.map.triggerRepaint();
  }

  private drawGrid(): void {
    const bounds = this.map.getBounds();
    this.set("grid", graticule({
      west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth(),
      width_px: this.map.getCanvas().clientWidth,
    }));
  }
}

/** The class of a hit in words. */
function named(): ExpressionSpecification {
  const classes = new Set(state.hits.value.features.map((hit) => hit.properties.class));
  const names = Object.fromEntries([...classes].map((label) => [label, ` ${className(label)}`]));
  return ["get", ["get", "c"] as unknown as string, ["literal", names]];
}

function point(at: LonLat, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: at } };
}

/** What a badge needs of a hit: number, class, verdict, origin, confidence, and the zoom from which it is shown. */
function slim({ geometry, properties }: Hit, z = 0): GeoJSON.Feature {
  const { n, class: c, verdict: v, origin: o, confidence: p } = properties;
  return { type: "Feature", geometry, properties: { n, c, v, o, p, z } };
}

function moveShape(from: LonLat, to: LonLat): GeoJSON.FeatureCollection {
  const line: GeoJSON.Feature = { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: [from, to] } };
  return { type: "FeatureCollection", features: [line, point(to, {})] };
}

function boundsOf(hits: readonly Hit[]): [number, number, number, number] | null {
  if (hits.length === 0) return null;
  const bounds: [number, number, number, number] = [180, 90, -180, -90];
  for (const { geometry } of hits) {
    const [lon = 0, lat = 0] = geometry.coordinates;
    bounds[0] = Math.min(bounds[0], lon);
    bounds[1] = Math.min(bounds[1], lat);
    bounds[2] = Math.max(bounds[2], lon);
    bounds[3] = Math.max(bounds[3], lat);
  }
  return bounds;
}

function firstPoint(data: GeoJSON.GeoJSON): LonLat | null {
  if (data.type === "FeatureCollection") return data.features[0] ? firstPoint(data.features[0]) : null;
  if (data.type === "Feature") return firstPoint(data.geometry);
  if (data.type === "GeometryCollection") return null;
  let at: unknown = data.coordinates;
  while (Array.isArray(at) && Array.isArray(at[0])) at = at[0];
  return Array.isArray(at) && at.length >= 2 ? [at[0] as number, at[1] as number] : null;
}
