// The list of hits: only the rows in view exist, so that ten thousand cost no more than twenty.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { localTime, round, utcTime, zoneName } from "../format";
import { t } from "../i18n";
import type { Hit } from "../types";
import type { Word } from "../words";
import { classColour, className } from "./classes";
import { ORDERS, type Order } from "./filtering";
import { step } from "./choosing";
import { ShownCount } from "./Filters";
import { isLive, loaded } from "./loading";
import { hits, order, run, select, selected, shown } from "./state";

const ROW_PX = 58;
const BEYOND = 6; // rows kept above and below those in view
const PAGE = 8;

export const LIST_ID = "hit-list";

const rowId = (id: string): string => `hit-${id}`;

export function HitList() {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const all = shown.value;
  const at = all.findIndex((hit) => hit.properties.id === selected.value);
  useEffect(() => watchHeight(box.current, (px) => { height.value = px; }), []);
  useEffect(() => { if (box.current && at >= 0) bringIntoView(box.current, at); }, [selected.value, at]);
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - BEYOND);
  const last = Math.min(all.length, Math.ceil((top.value + height.value) / ROW_PX) + BEYOND);
  return (
    <>
      <OrderBy />
      <div
        ref={box} id={LIST_ID} class={`hit-list ${all.length === 0 ? "none" : ""}`} role="listbox" tabIndex={0} aria-label={t("map_hit_list")}
        aria-activedescendant={at >= first && at < last ? rowId(selected.value ?? "") : undefined}
        onScroll={(event) => { top.value = event.currentTarget.scrollTop; }}
        onKeyDown={onKey}
      >
        {all.length === 0 ? null : (
          <div role="presentation" style={{ height: `${all.length * ROW_PX}px` }}>
            {all.slice(first, last).map((hit, i) => <Row key={hit.properties.id} hit={hit} at={first + i} all={all.length} />)}
          </div>
        )}
      </div>
      {all.length === 0 ? <Nothing /> : null}
    </>
  );
}

function OrderBy() {
  if (hits.value.features.length === 0) return null;
  return (
    <div class="order small">
      <ShownCount />
      <label>{t("map_order")} <select value={order.value} onChange={(event) => { order.value = event.currentTarget.value as Order; }}>
        {ORDERS.map((each) => <option key={each} value={each} selected={each === order.value}>{t(`map_order_${each}` as Word)}</option>)}
      </select></label>
    </div>
  );
}

function Nothing() {
  const state = run.value?.state;
  const filtered = hits.value.features.length > 0;
  if (!filtered && state !== "running" && !(state === "done" && loaded.value)) return null;
  return (
    <div class="list-nothing soft">
      <p>{t(filtered ? "map_none_shown" : state === "running" ? "map_none_yet" : "map_none_found")}</p>
      {!filtered && state === "done" ? <p>{t("map_add_by_hand")}</p> : null}
    </div>
  );
}

function Row({ hit, at, all }: { hit: Hit; at: number; all: number }) {
  const { id, n, class: label, verdict, origin, confidence, r90_m, first_seen, crop_url } = hit.properties;
  return (
    <div
      id={rowId(id)} class={`hit-row ${verdict}`} role="option" aria-selected={id === selected.value} aria-setsize={all} aria-posinset={at + 1}
      style={{ transform: `translateY(${at * ROW_PX}px)` }} onClick={() => select(id)}
    >
      {crop_url ? <img src={crop_url} alt="" loading="lazy" width="48" height="48" /> : <span class="hit-blank" style={{ color: classColour(label) }}>{isLive(id) ? "…" : "＋"}</span>}
      <span class="hit-what">
        <i class="chip-dot" style={{ background: classColour(label) }} />
        <b class="number">{n}</b> {className(label)}
      </span>
      <span class="hit-sure number" title={t("confidence")}>{origin === "officer" ? "–" : round(confidence, 2)}</span>
      <span class="hit-more small soft">
        <span class={`verdict ${verdict}`}><i class={`mark ${verdict}`} />{t(isLive(id) ? "map_finding" : (`map_verdict_${verdict}` as Word))}</span>
        <Marks hit={hit} />
        {origin === "officer" && verdict !== "added" ? <span>{t("officer")}</span> : null}
        {first_seen ? <span class="number" title={`${zoneName(first_seen)} · ${utcTime(first_seen)}`}>{localTime(first_seen).slice(11)}</span> : null}
      </span>
      <span class="hit-radius small soft number" title={t("r90")}>{t("map_r90", { radius: round(r90_m, 1) })}</span>
    </div>
  );
}

function Marks({ hit: { properties } }: { hit: Hit }) {
  const marks = [properties.moved && t("map_moved_mark"), properties.reclassed && t("map_reclassed_mark"), properties.assumed.length > 0 && t("map_assumed_mark")];
  return <>{marks.filter((each) => each !== false).map((each) => <span key={each} class="hit-mark">{each}</span>)}</>;
}

function watchHeight(box: HTMLElement | null, tell: (px: number) => void): (() => void) | undefined {
  if (box === null) return undefined;
  const watcher = new ResizeObserver(() => tell(box.clientHeight));
  watcher.observe(box);
  return () => watcher.disconnect();
}

function bringIntoView(box: HTMLElement, at: number): void {
  const [above, below] = [at * ROW_PX, (at + 1) * ROW_PX];
  if (above < box.scrollTop) box.scrollTop = above;
  else if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -Infinity, End: Infinity };

function onKey(event: KeyboardEvent): void {
  const by = STEPS[event.key];
  if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  step(by);
}
