// The photos that show a place on the map: how an officer looks where no detector found anything.
import { localTime, round, zoneName } from "../format";
import { t } from "../i18n";
import { Button } from "../ui/Button";
import { showingPlace, type Showing } from "./places";
import { openPhoto, place, runId } from "./state";

const MOST = 60;

export function PlacePanel() {
  const at = place.value;
  if (at === null) return null;
  const all = showingPlace.value;
  const searched = all.some((each) => each.footprint.properties.searched);
  return (
    <section class="place-panel" aria-label={t("map_place")}>
      <div class="side-head">
        <h2 tabIndex={-1}>{t("map_place")}</h2>
        <Button kind="quiet" little onClick={() => { place.value = null; }}>{t("close")}</Button>
      </div>
      <p class="number small soft">{round(at[1], 7)}, {round(at[0], 7)}</p>
      {all.length === 0 ? <p class="note bad">{t("map_place_none")}</p> : !searched ? <p class="note warn">{t("map_place_unsearched")}</p> : null}
      {all.length > 0 ? <p class="small soft">{t("map_place_count", { count: all.length })}</p> : null}
      <ul class="place-photos">
        {all.slice(0, MOST).map((each) => <li key={each.footprint.properties.k}><PhotoButton showing={each} /></li>)}
      </ul>
    </section>
  );
}

function PhotoButton({ showing: { footprint, photo } }: { showing: Showing }) {
  const { k, frame_id, t: at, gsd_m, incidence_deg, searched } = footprint.properties;
  return (
    <button type="button" onClick={() => openPhoto(k)}>
      <span class="only-heard">{t("map_open_photo")} </span>
      <img src={`/api/runs/${runId.value}/photos/${k}/thumb.jpg`} alt="" loading="lazy" />
      <span class="place-name">{photo?.source ?? frame_id}</span>
      <span class="small soft number">
        {at ? `${localTime(at)} ${zoneName(at)}` : ""}
        {gsd_m ? ` · ${t("map_gsd", { gsd: round(gsd_m * 100, 1) })}` : ""}
        {incidence_deg !== null ? ` · ${t("map_tilt", { deg: round(incidence_deg) })}` : ""}
      </span>
      {searched ? null : <b class="small map-unseen">{t("map_not_searched")}{photo?.reason ? `：${photo.reason}` : ""}</b>}
    </button>
  );
}
