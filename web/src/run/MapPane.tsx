// Where the map is shown, with the buttons on it. Its code is loaded apart; without WebGL the page does without it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { sentence } from "../api";
import { t } from "../i18n";
import { Note } from "../ui/Note";
import { attributions } from "./map/basemap";
import { mapDoes } from "./mapDoes";
import { Cursor, metresPerPixel, ScaleBar } from "./MapReadout";

function hasWebGl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

type Trouble = { kind: "no-webgl" } | { kind: "not-loaded"; why: unknown } | null;

export function MapPane() {
  const box = useRef<HTMLDivElement>(null);
  const trouble = useSignal<Trouble>(null);
  useEffect(() => {
    if (!hasWebGl()) {
      trouble.value = { kind: "no-webgl" };
      return undefined;
    }
    let stop: (() => void) | null = null;
    let gone = false;
    import("./map/begin").then(
      ({ beginMap }) => { if (!gone && box.current) stop = beginMap(box.current); },
    ).catch((why: unknown) => { trouble.value = { kind: "not-loaded", why }; });
    return () => {
      gone = true;
      stop?.();
      mapDoes.value = null;
      metresPerPixel.value = 0;
    };
  }, []);
  return (
    <section class="run-map" aria-label={t("map")}>
      <div ref={box} class="map-canvas" />
      {trouble.value ? <Sorry trouble={trouble.value} /> : <Furniture />}
    </section>
  );
}

function Sorry({ trouble }: { trouble: NonNullable<Trouble> }) {
  return (
    <div class="map-sorry">
      <Note tone="warn">
        {trouble.kind === "no-webgl" ? t("map_no_webgl") : t("map_not_loaded", { why: sentence(trouble.why) })}
      </Note>
    </div>
  );
}

function Furniture() {
  return (
    <>
      <div class="map-buttons" role="group" aria-label={t("map")}>
        <MapButton label={t("map_zoom_in")} act={() => mapDoes.value?.zoom(1)}>+</MapButton>
        <MapButton label={t("map_zoom_out")} act={() => mapDoes.value?.zoom(-1)}>−</MapButton>
        <MapButton label={t("map_fit")} act={() => mapDoes.value?.fit()}>⤢</MapButton>
      </div>
      <North />
      <div class="map-foot">
        <ScaleBar />
        <Cursor />
      </div>
      {attributions.value.length > 0 ? <p class="map-credits">{attributions.value.join(" · ")}</p> : null}
    </>
  );
}

function MapButton({ label, act, children }: { label: string; act: () => void; children: string }) {
  return <button type="button" aria-label={label} title={label} disabled={mapDoes.value === null} onClick={act}>{children}</button>;
}

function North() {
  return (
    <div class="map-north" role="img" aria-label={t("map_north")}>
      <svg viewBox="0 0 40 54" width="26" height="35" aria-hidden="true">
        <path d="M20 14 L31 50 L20 42 Z" fill="#1f4e5f" />
        <path d="M20 14 L9 50 L20 42 Z" fill="#fff" stroke="#1f4e5f" stroke-width="1.4" stroke-linejoin="round" />
        <text x="20" y="11" text-anchor="middle" font-size="13" font-weight="700" fill="#1f4e5f">N</text>
      </svg>
    </div>
  );
}
