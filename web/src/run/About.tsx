// What a reader must know beside the hits: what was flown and looked at, what was assumed, what could not be used.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

import { localTime, zoneName } from "../format";
import { maybe, t } from "../i18n";
import { hits, run, survey } from "./state";

const FIRST = 50; // of a long list; the rest on demand
const ASSUMED: Record<string, "map_assume_attitude"> = { attitude: "map_assume_attitude" };

export function About() {
  const facts = survey.value;
  if (facts === null) return <p class="panel-page soft">{t("map_loading")}</p>;
  return (
    <div class="stack tight panel-page">
      <h2>{t("summary")}</h2>
      <Summary />
      <Items title={t("warnings")} tone="warn" none={t("map_warnings_none")} items={facts.warnings.map((text) => ["", text])} />
      <Assumptions />
      <Items title={t("skipped")} none={t("map_skipped_none")} items={facts.skipped} />
      {facts.not_located.length > 0 ? <Items title={t("not_located")} items={facts.not_located.map(pair)} none="" /> : null}
      <Options />
    </div>
  );
}

function pair(value: unknown): [string, string] {
  return Array.isArray(value) ? [String(value[0] ?? ""), String(value[1] ?? "")] : ["", String(value)];
}

function Summary() {
  const facts = survey.value;
  if (facts === null) return null;
  const { photos, searched, skipped } = facts.counts;
  return (
    <dl class="facts small">
      <Fact name={t("map_photos_all")}>{photos}</Fact>
      <Fact name={t("map_photos_searched")}>{searched}</Fact>
      <Fact name={t("map_photos_skipped")}>{skipped}</Fact>
      <Fact name={t("hits")}>{hits.value.features.length}</Fact>
      {facts.start ? <Fact name={t("map_flown")}>{localTime(facts.start)}{facts.end ? ` – ${localTime(facts.end).slice(11)}` : ""} {zoneName(facts.start)}</Fact> : null}
      {facts.meta.map(([key, value]) => <Fact key={key} name={maybe(key)}>{value}</Fact>)}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return <><dt>{name}</dt><dd class="number">{children}</dd></>;
}

/** What was taken for granted, and how many hits rest on it. */
function Assumptions() {
  const counts = new Map<string, number>();
  for (const { properties } of hits.value.features) {
    for (const each of [properties.assumed].flat()) counts.set(each, (counts.get(each) ?? 0) + 1);
  }
  const items = [...counts].filter(([what]) => what !== "").map(([what, count]): [string, string] => {
    const key = ASSUMED[what];
    return ["", t("map_assumed_hits", { count, what: key ? t(key) : what })];
  });
  return items.length > 0 ? <Items title={t("map_assumptions")} tone="warn" none="" items={items} /> : null;
}

interface ItemsProps {
  title: string;
  items: readonly (readonly [string, string])[];
  none: string;
  tone?: string;
}

function Items({ title, items, none, tone = "" }: ItemsProps) {
  const all = useSignal(false);
  if (items.length === 0) return <p class="small soft">{none}</p>;
  return (
    <details class={`items ${tone}`} open={tone !== "" || items.length < 8}>
      <summary>{title} <span class="number">{items.length}</span></summary>
      <ul class="small">
        {(all.value ? items : items.slice(0, FIRST)).map(([name, text], i) => <li key={i}>{name ? <b>{name} </b> : null}{text}</li>)}
      </ul>
      {!all.value && items.length > FIRST ? <button type="button" class="button quiet little" onClick={() => { all.value = true; }}>{t("map_show_all", { count: items.length })}</button> : null}
    </details>
  );
}

function Options() {
  const options = Object.entries(run.value?.options ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (options.length === 0) return null;
  return (
    <>
      <h2>{t("map_options")}</h2>
      <dl class="facts small">
        {options.map(([key, value]) => <Fact key={key} name={maybe(`map_opt_${key}`)}>{String(value)}</Fact>)}
      </dl>
    </>
  );
}
