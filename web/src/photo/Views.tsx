import { useEffect, useRef } from "preact/hooks";
import { localTime } from "../format";
import { t } from "../i18n";
import { openPhoto } from "../run/state";
import { thumbUrl } from "./calls";
import { showCurrent } from "./scrolling";
import type { Evidence, HitDetail } from "./types";

interface ViewsProps {
  hit: HitDetail;
  /** The photo that is open; its view is marked. */
  k?: number | null;
}

/** All photos that show the same source; each opens at its box. */
export function Views({ hit, k = null }: ViewsProps) {
  const row = useRef<HTMLUListElement>(null);
  useEffect(() => showCurrent(row.current), [k, hit.properties.id]);
  return (
    <ul class="views" ref={row}>
      {hit.evidence.map((view, index) => (
        <li key={`${view.frame_id}-${index}`}><View view={view} hit={hit.properties.id} here={view.k !== null && view.k === k} /></li>
      ))}
    </ul>
  );
}

function View({ view, hit, here }: { view: Evidence; hit: string; here: boolean }) {
  const picture = view.crop_url || (view.k === null ? null : thumbUrl(view.k));
  const when = view.t ? localTime(view.t).slice(11) : "";
  return (
    <button
      type="button" class="view" aria-current={here ? "true" : undefined} disabled={view.k === null}
      title={view.frame_id} onClick={() => view.k !== null && openPhoto(view.k, hit)}
    >
      {picture ? <img src={picture} alt="" loading="lazy" width="96" height="72" /> : <span class="no-picture">{t("photo_view_gone")}</span>}
      <span class="small wrap">{view.frame_id.split("/").at(-1)}</span>
      <span class="soft small number">{when}</span>
    </button>
  );
}
