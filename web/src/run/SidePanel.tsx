// Beside the map: a hit's evidence, the photos of a place, or a hit on its way elsewhere.
import { lazy } from "../lazy";
import { t } from "../i18n";
import { Button } from "../ui/Button";
import { className } from "./classes";
import { isLive } from "./loading";
import { MovePanel } from "./MovePanel";
import { PlacePanel } from "./PlacePanel";
import { hitById, moving, place, select, selected } from "./state";
import type { Hit } from "./types";

const Evidence = lazy(() => import("../photo").then((module) => ({ default: module.EvidencePanel })));

export function hasSide(): boolean {
  return place.value !== null || hitById(selected.value) !== null;
}

export function SidePanel() {
  if (!hasSide()) return null;
  const hit = hitById(selected.value);
  return (
    <div class="run-side">
      {place.value !== null ? <PlacePanel /> : moving.value !== null ? <MovePanel /> : hit === null ? null
        : isLive(hit.properties.id) ? <LiveHit hit={hit} /> : <Evidence {...({ hit, onClose: () => select(null) } as object)} />}
    </div>
  );
}

function LiveHit({ hit }: { hit: Hit }) {
  const { n, class: label } = hit.properties;
  return (
    <section class="place-panel">
      <div class="side-head">
        <h2>{t("map_hit_title", { n, class: className(label) })}</h2>
        <Button kind="quiet" little onClick={() => select(null)}>{t("close")}</Button>
      </div>
      <p class="note">{t("map_finding_text")}</p>
    </section>
  );
}
