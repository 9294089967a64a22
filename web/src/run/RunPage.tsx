// One run: map, list, filters, evidence. What it shows is in state.ts; this file only lays it out.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { t } from "../i18n";
import { lazy } from "../lazy";
import { About } from "./About";
import { followChoice } from "./choosing";
import { Filters } from "./Filters";
import { HitList } from "./HitList";
import { followKeys } from "./keys";
import { KeysHelp } from "./KeysHelp";
import { LayerList } from "./LayerList";
import { leftOpen, pullSheet, sheet, tab, type Tab } from "./layout";
import { open } from "./loading";
import { MapPane } from "./MapPane";
import { loadBasemaps } from "./map/basemap";
import { RunBar } from "./RunBar";
import { hasSide, SidePanel } from "./SidePanel";
import { photoOpen, said } from "./state";
import { Work } from "./Work";
import "./run.css";

const PhotoViewer = lazy(() => import("../photo").then((module) => ({ default: module.PhotoViewer })));

const TABS: readonly Tab[] = ["list", "layers", "about"];

export default function RunPage({ id = "" }: { id?: string }) {
  const turn = useSignal(0);
  useEffect(() => open(id), [id, turn.value]);
  useEffect(() => {
    const stop = new AbortController();
    void loadBasemaps(stop.signal);
    const ends = [followKeys(), followChoice(), () => stop.abort()];
    return () => ends.forEach((end) => end());
  }, []);
  return (
    <div class={`run ${leftOpen.value ? "" : "no-left"} ${hasSide() ? "has-side" : ""} sheet-${sheet.value}`}>
      <RunBar />
      <div class="run-body">
        <Left onAgain={() => { turn.value += 1; }} />
        <MapPane />
        <SidePanel />
      </div>
      {photoOpen.value !== null ? <PhotoViewer /> : null}
      <KeysHelp />
      <p class="only-heard" role="status" aria-live="polite">{said.value}</p>
    </div>
  );
}

function Left({ onAgain }: { onAgain: () => void }) {
  const hidden = !leftOpen.value;
  return (
    <div class="run-left">
      <button type="button" class="sheet-handle" aria-label={t("map_sheet")} onClick={pullSheet}><i /></button>
      <button
        type="button" class="left-toggle" aria-expanded={!hidden} title={t(hidden ? "map_show_panel" : "map_hide_panel")}
        aria-label={t(hidden ? "map_show_panel" : "map_hide_panel")} onClick={() => { leftOpen.value = hidden; }}
      >
        {hidden ? "›" : "‹"}
      </button>
      <section class="left-body" aria-label={t("map_panel")} hidden={hidden}>
        <Work onAgain={onAgain} />
        <Tabs />
        <div class="tab-body" role="tabpanel" id="run-tab" aria-labelledby={`tab-${tab.value}`}>
          {tab.value === "list" ? <><Filters /><HitList /></> : tab.value === "layers" ? <LayerList /> : <About />}
        </div>
      </section>
    </div>
  );
}

function Tabs() {
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    tab.value = TABS[(TABS.indexOf(tab.value) + by + TABS.length) % TABS.length] ?? "list";
    requestAnimationFrame(() => document.getElementById(`tab-${tab.value}`)?.focus());
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={onKey}>
      {TABS.map((each) => (
        <button
          key={each} id={`tab-${each}`} type="button" role="tab" aria-selected={tab.value === each} aria-controls="run-tab"
          tabIndex={tab.value === each ? 0 : -1} onClick={() => { tab.value = each; }}
        >
          {t(`map_tab_${each}`)}
        </button>
      ))}
    </div>
  );
}
