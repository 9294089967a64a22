// Putting a hit elsewhere: the old place and the new one side by side, and how far apart they are.
import { useEffect } from "preact/hooks";

import { round } from "../format";
import { t } from "../i18n";
import type { Hit, LonLat } from "../types";
import { Button } from "../ui/Button";
import { distance_m, withinEllipse } from "./geometry";
import { mapDoes } from "./mapDoes";
import { length } from "./MapReadout";
import { confirmMove } from "./moves";
import { hitById, movedTo, moving, stopMoving } from "./state";

const told = (at: readonly number[]): string => `${round(at[1] ?? 0, 7)}, ${round(at[0] ?? 0, 7)}`;

export function MovePanel() {
  const hit = hitById(moving.value);
  useEffect(() => mapDoes.value?.focus(), [moving.value]); // the arrow keys are the map's
  if (hit === null) return null;
  const to = movedTo.value;
  return (
    <section class="move-panel" aria-label={t("map_moving", { n: hit.properties.n })}>
      <h2>{t("map_moving", { n: hit.properties.n })}</h2>
      <p class="small soft">{t("map_moving_text")}</p>
      <Comparison hit={hit} to={to} />
      <div class="row">
        <Button kind="primary" little disabled={to === null} onClick={confirmMove}>{t("map_move_save")}</Button>
        <Button little onClick={stopMoving}>{t("cancel")}</Button>
      </div>
    </section>
  );
}

function Comparison({ hit, to }: { hit: Hit; to: LonLat | null }) {
  const from = hit.geometry.coordinates as LonLat;
  const within = to !== null && withinEllipse(from, to, hit.properties.ellipse);
  return (
    <dl class="facts small" aria-live="polite">
      <dt>{t("map_old_place")}</dt>
      <dd class="number">{told(from)} <span class="soft">{t("map_r90", { radius: round(hit.properties.r90_m, 1) })}</span></dd>
      <dt>{t("map_new_place")}</dt>
      <dd class="number">{to === null ? "–" : told(to)}</dd>
      <dt>{t("map_distance")}</dt>
      <dd class="number">
        {to === null ? "–" : <>{length(distance_m(from, to))} <span class={within ? "soft" : "map-unseen"}>{t(within ? "map_within_ellipse" : "map_beyond_ellipse")}</span></>}
      </dd>
    </dl>
  );
}
