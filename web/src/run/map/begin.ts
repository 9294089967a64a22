// The map's own chunk begins here: everything that needs MapLibre is behind this door.
import { sentence } from "../../api";
import { t } from "../../i18n";
import { toast } from "../../ui/Toast";
import { mapDoes } from "../mapDoes";
import { metresPerPixel } from "../MapReadout";
import { followBasemaps } from "./basemap-layers";
import { answerTo } from "./pointer";
import { SurveyView } from "./view";

/** Draw the map in `box`; returns what takes it away. Throws when WebGL refuses. */
export function beginMap(box: HTMLElement): () => void {
  const view = new SurveyView(box);
  const { map } = view;
  let stopBasemaps: () => void = () => undefined;
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", `${t("map")}. ${t("map_help")}`);
  map.on("error", ({ error }) => complain(error));
  tellWhenIdle(map, box);
  map.on("move", () => { metresPerPixel.value = perPixel(map); });
  void map.once("load").then(() => {
    view.begin();
    stopBasemaps = followBasemaps(map);
    answerTo(map);
    metresPerPixel.value = perPixel(map);
    mapDoes.value = {
      fit: () => view.fit(),
      zoom: (by) => view.zoom(by),
      show: (hit) => view.show(hit),
      focus: () => canvas.focus(),
    };
    map.triggerRepaint(); // so that it says once more that it is idle
  });
  return () => {
    stopBasemaps();
    view.end();
  };
}

/** `data-idle` of the box: everything asked for is drawn. For tests, which must not guess how long that takes. */
function tellWhenIdle(map: SurveyView["map"], box: HTMLElement): void {
  for (const event of ["movestart", "dataloading", "resize"] as const) map.on(event, () => { box.dataset["idle"] = "no"; });
  map.on("idle", () => { box.dataset["idle"] = mapDoes.peek() === null ? "no" : "yes"; });
}

const CIRCUMFERENCE_M = 2 * Math.PI * 6_371_008.8; // the sphere that the map draws distances on

function perPixel(map: SurveyView["map"]): number {
  return (CIRCUMFERENCE_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
}

let complained = false;

/** A tile that did not come is told once: the map works without it. */
function complain(error: unknown): void {
  if (complained) return;
  complained = true;
  toast(t("map_part_failed", { why: sentence(error) }), true);
}
