// The line above the map: which flight, how far its search is, and what can be done with the result.
import { useSignal } from "@preact/signals";

import { post } from "../api";
import { lang, t } from "../i18n";
import { navigate } from "../router";
import { can } from "../session";
import type { Run } from "../types";
import { agree } from "../ui/Dialog";
import { Badge } from "../ui/Note";
import { Button } from "../ui/Button";
import { Time } from "../ui/Time";
import type { Word } from "../words";
import { keysShown } from "./keys";
import { Menu } from "./Menu";
import { hits, run, runId, survey } from "./state";

const TONES = { queued: "busy", running: "busy", done: "good", failed: "bad", cancelled: "warn" } as const;

export function RunBar() {
  const now = run.value;
  if (now === null) return null;
  const name = survey.value?.name || now.flight.name;
  return (
    <div class="run-bar">
      <a href={`/flights/${now.flight.id}`} class="run-back" title={t("map_back")} aria-label={t("map_back")}>←</a>
      <h1 title={name}>{now.flight.name}</h1>
      <Badge tone={TONES[now.state]}>{t(`map_state_${now.state}` as Word)}</Badge>
      <span class="run-when small soft"><Time at={now.finished_at ?? now.created_at} /></span>
      <span class="grow" />
      {now.state === "done" && can("export") ? <ExportMenu /> : null}
      <Menu label={t("map_more")}>
        {now.state === "done" && can("run") ? <MenuButton onClick={() => again(now)}>{t("map_rerun")}</MenuButton> : null}
        <a class="menu-item" href={`/api/runs/${runId.value}/log`} target="_blank" rel="noopener">{t("map_log")}</a>
        <MenuButton onClick={() => { keysShown.value = true; }}>{t("map_keys")}</MenuButton>
      </Menu>
    </div>
  );
}

function MenuButton({ onClick, children }: { onClick: () => unknown; children: string }) {
  return <Button kind="quiet" little onClick={onClick}>{children}</Button>;
}

/** Search the same originals again; the verdicts go with them. */
async function again(now: Run): Promise<void> {
  if (!(await agree(t("map_rerun"), t("map_rerun_text"), t("map_rerun"), false))) return;
  const fresh = await post<Run>(`/api/flights/${now.flight.id}/runs`, { ...now.options, reviews_from: now.id });
  navigate(`/runs/${fresh.id}`);
}

const TABLES = ["gpkg", "xlsx", "kml", "csv", "geojson"] as const;

function ExportMenu() {
  const rejected = useSignal(false);
  const base = `/api/runs/${runId.value}/export`;
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const sheets = lang.value === "zh" ? (["zh", "en"] as const) : (["en", "zh"] as const);
  return (
    <Menu label={t("map_export")}>
      {TABLES.map((kind) => (
        <a key={kind} class="menu-item" href={`${base}/hits.${kind}?rejected=${rejected.value ? 1 : 0}`}>{t(`map_export_${kind}`)}</a>
      ))}
      <label class="menu-check small">
        <input type="checkbox" checked={rejected.value} onChange={(event) => { rejected.value = event.currentTarget.checked; }} />
        {t("map_export_rejected")}
      </label>
      <hr />
      {hits.value.features.length > 0 ? sheets.map((each) => (
        <a key={each} class="menu-item" href={`${base}/sheets.pdf?lang=${each}&tz=${zone}`}>{t(`map_export_pdf_${each}`)}</a>
      )) : null}
      <a class="menu-item" href={`${base}/reviews.zip`}>{t("map_export_reviews")}</a>
    </Menu>
  );
}
