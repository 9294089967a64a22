// The photo on the screen, by OpenSeadragon, which is loaded when the first photo is opened. Nothing else knows it.
import type OpenSeadragon from "openseadragon";
import { tilesUrl } from "./calls";
import { around, clamp, fromCorner, toCorner, type View } from "./pixels";
import type { Box, PhotoDetail, XY } from "./types";

export interface StageEvents {
  /** The photo lies otherwise than before. */
  onView: (view: View) => void;
  /** A click or a tap that was no drag, in the photo's pixels. */
  onClick: (point: XY) => void;
  /** All pixels for this view are there, or some are on their way. */
  onWhole: (whole: boolean) => void;
  /** Some of the photo's pixels cannot be had. */
  onFailed: () => void;
}

export interface Stage {
  show: (photo: PhotoDetail, box: Box | null, keepView: boolean) => void;
  zoomBy: (factor: number) => void;
  zoomTo: (scale: number) => void;
  fitAll: () => void;
  fitBox: (box: Box) => void;
  panBy: (dx: number, dy: number) => void;
  keepInView: (point: XY) => void;
  destroy: () => void;
}

type Library = typeof OpenSeadragon;

const MAX_SCALE = 24; // CSS pixels for one of the photo's
const EDGE_PX = 56; // a crosshair nearer to the edge moves the photo
const calm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

const GESTURES = { clickToZoom: false, dblClickToZoom: false, dblClickDragToZoom: false, flickEnabled: false };

function options(element: HTMLElement): OpenSeadragon.Options {
  return {
    element,
    drawer: "auto", // WebGL draws to a fraction of a pixel; the canvas, where there is none, stretches tiles by up to one
    tabIndex: -1,
    showNavigationControl: false,
    showSequenceControl: false,
    keyboardNavEnabled: false,
    animationTime: calm() ? 0 : 0.3,
    springStiffness: 12,
    maxZoomPixelRatio: MAX_SCALE,
    minZoomImageRatio: 0.7,
    visibilityRatio: 0.3,
    smoothTileEdgesMinZoom: Infinity,
    gestureSettingsMouse: GESTURES,
    gestureSettingsPen: GESTURES,
    gestureSettingsTouch: { ...GESTURES, pinchToZoom: true },
    imageLoaderLimit: 4,
    tileRetryMax: 2,
    silenceMultiImageWarnings: true,
  };
}

/** Tiles as the server cuts them: level 0 holds all in one, the highest is the photo itself. */
function tileSource(photo: PhotoDetail): object {
  const url = tilesUrl(photo.k);
  return {
    width: photo.width_px,
    height: photo.height_px,
    tileSize: photo.tile_px,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: photo.levels - 1,
    getTileUrl: (level: number, x: number, y: number): string => `${url}/${level}/${x}/${y}.jpg`,
  };
}

/** OpenSeadragon adds a style sheet of its own unless one so marked is there; the page's policy allows none. */
function keepItsStyleOut(): void {
  const mark = "data-openseadragon-mobile-css";
  if (document.querySelector(`style[${mark}]`)) return;
  const inert = document.createElementNS("urn:qianliyan:inert", "style"); // of no name space that a browser reads styles in
  inert.setAttribute(mark, "true");
  document.head.append(inert);
}

export async function makeStage(element: HTMLElement, events: StageEvents): Promise<Stage> {
  const library: Library = (await import("openseadragon")).default;
  keepItsStyleOut();
  const viewer = library(options(element));
  const point = ([x, y]: XY): OpenSeadragon.Point => new library.Point(x, y);
  const rect = (r: [number, number, number, number]): OpenSeadragon.Rect => new library.Rect(...r);
  let shown: PhotoDetail | null = null;
  let told = "";

  function view(): View | null {
    const image = viewer.world.getItemAt(0);
    if (!image || !shown) return null;
    const corner = image.imageToViewerElementCoordinates(point([0, 0]));
    const far = image.imageToViewerElementCoordinates(point([shown.width_px, 0]));
    const { x: width, y: height } = viewer.viewport.getContainerSize();
    return { scale: (far.x - corner.x) / shown.width_px, left: corner.x, top: corner.y, width, height };
  }

  function tell(): void {
    const now = view();
    const words = JSON.stringify(now);
    if (!now || words === told) return;
    told = words;
    viewer.drawer.setImageSmoothingEnabled(now.scale * devicePixelRatio <= 1);
    events.onView(now);
  }

  function onClick(event: OpenSeadragon.CanvasClickEvent): void {
    const image = viewer.world.getItemAt(0);
    if (!event.quick || !image) return;
    const { x, y } = image.viewerElementToImageCoordinates(event.position);
    events.onClick(fromCorner([x, y]));
  }

  function fit(region: [number, number, number, number], immediately: boolean): void {
    const image = viewer.world.getItemAt(0);
    if (image) viewer.viewport.fitBounds(image.imageToViewportRectangle(rect(region)), immediately);
  }

  function show(photo: PhotoDetail, box: Box | null, keepView: boolean): void {
    const before = keepView && shown?.width_px === photo.width_px ? viewer.viewport.getBounds() : null;
    shown = photo;
    events.onWhole(false);
    viewer.addOnceHandler("open", () => {
      if (shown !== photo) return;
      if (box) fit(around(box), true);
      else if (before) viewer.viewport.fitBounds(before, true);
      else viewer.viewport.goHome(true);
      tell();
      viewer.world.getItemAt(0).addHandler("fully-loaded-change", (change) => events.onWhole(change.fullyLoaded));
    });
    viewer.open({ tileSource: tileSource(photo) });
  }

  function keepInView(at: XY): void {
    const now = view();
    if (!now) return;
    const [x, y] = toCorner(at).map((v, i) => v * now.scale + (i ? now.top : now.left)) as XY;
    const dx = x - clamp(x, EDGE_PX, now.width - EDGE_PX);
    const dy = y - clamp(y, EDGE_PX, now.height - EDGE_PX);
    if (dx || dy) panBy(dx, dy, true);
  }

  function panBy(dx: number, dy: number, immediately = false): void {
    viewer.viewport.panBy(viewer.viewport.deltaPointsFromPixels(point([dx, dy])), immediately);
    if (!immediately) viewer.viewport.applyConstraints();
  }

  viewer.addHandler("update-viewport", tell);
  viewer.addHandler("resize", tell);
  viewer.addHandler("canvas-click", onClick);
  viewer.addHandler("tile-load-failed", events.onFailed);

  return {
    show,
    zoomBy: (factor) => void viewer.viewport.zoomBy(factor).applyConstraints(),
    zoomTo: (scale) => {
      const image = viewer.world.getItemAt(0);
      if (image) viewer.viewport.zoomTo(image.imageToViewportZoom(scale)).applyConstraints();
    },
    fitAll: () => void viewer.viewport.goHome(),
    fitBox: (box) => fit(around(box), false),
    panBy,
    keepInView,
    destroy: () => viewer.destroy(),
  };
}
