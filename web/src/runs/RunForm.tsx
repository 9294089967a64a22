// Starting a search: one button for most, options folded away for those who need them.

import { useState } from "preact/hooks";
import { ApiError, post } from "../api";
import { useAction } from "../action";
import { count } from "../format";
import { t } from "../i18n";
import { useLoad } from "../load";
import type { Layer, Run, RunOptions } from "../types";
import { Button } from "../ui/Button";
import { agree } from "../ui/Dialog";
import { CheckField, SelectField, TextField, type Choice } from "../ui/Field";
import { Failure } from "../ui/Note";
import { Form } from "../pages/parts";

interface RunFormProps {
  flightId: string;
  runs: readonly Run[];
  onStarted: (run: Run) => void;
}

interface Wishes {
  detector: string;
  alarms: string;
  adjust: string;
  nadir: boolean;
  tz: string;
  dem: string;
  datum: string;
  overlap: string;
  reviews: string;
}

const NONE: Wishes = { detector: "", alarms: "", adjust: "", nadir: false, tz: "", dem: "", datum: "", overlap: "", reviews: "" };

/** Only what was said: what is left out is found out from the flight. */
function optionsOf(wishes: Wishes): RunOptions {
  const options: RunOptions = {};
  if (wishes.detector) options.detector = wishes.detector;
  if (wishes.alarms) options.false_alarms = Number(wishes.alarms);
  if (wishes.adjust) options.adjust = wishes.adjust;
  if (wishes.nadir) options.assume = "nadir";
  if (wishes.tz) options.tz = wishes.tz;
  if (wishes.dem) options.dem_layer = wishes.dem;
  if (wishes.dem && wishes.datum) options.dem_datum = wishes.datum;
  if (wishes.overlap) options.video_overlap = Number(wishes.overlap) / 100;
  if (wishes.reviews) options.reviews_from = wishes.reviews;
  return options;
}

/** Ask for a run; when files are still on their way, ask the person whether to begin without them. */
async function start(flightId: string, options: RunOptions): Promise<Run | null> {
  try {
    return await post<Run>(`/api/flights/${flightId}/runs`, options);
  } catch (why) {
    if (!(why instanceof ApiError && why.code === "not_complete")) throw why;
    const missing = (why.detail as { count?: number } | null)?.count ?? 0;
    const go = await agree(t("run_partial_title"), t("run_partial_text", { n: count(missing) }), t("run_partial_yes"), false);
    return go ? post<Run>(`/api/flights/${flightId}/runs`, { ...options, partial: true }) : null;
  }
}

export function RunForm({ flightId, runs, onStarted }: RunFormProps) {
  const [wishes, setWishes] = useState<Wishes>(NONE);
  const action = useAction();
  const set = <K extends keyof Wishes>(key: K) => (value: Wishes[K]): void => setWishes((was) => ({ ...was, [key]: value }));
  const send = () => action.run(async () => {
    const run = await start(flightId, optionsOf(wishes));
    if (run) onStarted(run);
  });
  return (
    <Form onSubmit={send}>
      {runs.length ? null : <p class="soft">{t("run_text")}</p>}
      <details>
        <summary>{t("run_options")}</summary>
        <Options wishes={wishes} set={set} runs={runs} />
      </details>
      <Failure why={action.error} />
      <div><Button type="submit" kind={runs.length ? "" : "primary"} busy={action.busy}>{t(runs.length ? "run_again" : "run_start")}</Button></div>
    </Form>
  );
}

interface OptionsProps {
  wishes: Wishes;
  set: <K extends keyof Wishes>(key: K) => (value: Wishes[K]) => void;
  runs: readonly Run[];
}

function Options({ wishes, set, runs }: OptionsProps) {
  const layers = useLoad<{ layers: Layer[] }>("/api/layers").data?.layers ?? [];
  const dems: Choice[] = layers.filter((layer) => layer.kind === "dem" && layer.state === "ready").map((layer) => [layer.id, layer.name]);
  const done: Choice[] = runs.filter((run) => run.state === "done").map((run) => [run.id, run.created_at.slice(0, 16).replace("T", " ") + " UTC"]);
  return (
    <div class="fields run-options">
      <SelectField label={t("opt_detector")} hint={t("opt_detector_hint")} value={wishes.detector} onChange={set("detector")} choices={detectors()} />
      <TextField label={t("opt_alarms")} hint={t("opt_alarms_hint")} value={wishes.alarms} onInput={set("alarms")} type="number" min={0.01} max={1000} step="any" />
      <SelectField label={t("opt_adjust")} hint={t("opt_adjust_hint")} value={wishes.adjust} onChange={set("adjust")} choices={adjustments()} />
      <SelectField label={t("opt_dem")} hint={t(dems.length ? "opt_dem_hint" : "opt_dem_none")} value={wishes.dem} onChange={set("dem")} choices={[["", t("opt_dem_flat")], ...dems]} />
      {wishes.dem ? <SelectField label={t("opt_datum")} value={wishes.datum} onChange={set("datum")} choices={datums()} /> : null}
      <SelectField label={t("opt_tz")} hint={t("opt_tz_hint")} value={wishes.tz} onChange={set("tz")} choices={zones()} />
      <TextField label={t("opt_overlap")} hint={t("opt_overlap_hint")} value={wishes.overlap} onInput={set("overlap")} type="number" min={0} max={95} step={1} placeholder="70" />
      {done.length ? <SelectField label={t("opt_reviews")} hint={t("opt_reviews_hint")} value={wishes.reviews} onChange={set("reviews")} choices={[["", t("opt_reviews_latest")], ...done]} /> : null}
      <CheckField label={t("opt_nadir")} hint={t("opt_nadir_hint")} value={wishes.nadir} onChange={set("nadir")} />
    </div>
  );
}

function detectors(): Choice[] {
  return [["", t("detector_all")], ["yolo:qly-n", t("detector_yolo")], ["outlet", t("detector_outlet")], ["plume", t("detector_plume")], ["marker", t("detector_marker")]];
}

function adjustments(): Choice[] {
  return [["", t("adjust_auto")], ["off", t("adjust_off")], ["require", t("adjust_require")]];
}

function datums(): Choice[] {
  return [["", t("datum_told")], ["egm96", "EGM96"], ["ellipsoid", t("datum_ellipsoid")]];
}

/** The camera's clock is almost always that of China or of this computer. */
function zones(): Choice[] {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const named = [...new Set(["Asia/Shanghai", here, "UTC"])];
  const rest = Intl.supportedValuesOf("timeZone").filter((zone) => !named.includes(zone));
  return [["", t("tz_told")], ...[...named, ...rest].map((zone): Choice => [zone, zone])];
}
