// What the list and the map show: by class, verdict, origin, confidence, time, number.
import { computed, useSignal } from "@preact/signals";

import { localTime, round, zoneName } from "../format";
import { t } from "../i18n";
import type { Word } from "../words";
import { classColour, className } from "./classes";
import { isFiltered, keeps, noFilters, ORIGINS, tally, VERDICTS, type Filters as Asked } from "./filtering";
import { isNarrow } from "./layout";
import { RangeSlider } from "./RangeSlider";
import { filters, hits, shown } from "./state";

export const SEARCH_ID = "hit-search";

const classes = computed(() => [...new Set(hits.value.features.map((hit) => hit.properties.class))].sort());

/** Earliest and latest moment of all hits; null when they have no time or all have the same. */
const times = computed<readonly [number, number] | null>(() => {
  let [low, high] = [Infinity, -Infinity];
  for (const { properties } of hits.value.features) {
    if (!properties.first_seen) continue;
    low = Math.min(low, Date.parse(properties.first_seen));
    high = Math.max(high, Date.parse(properties.last_seen || properties.first_seen));
  }
  return high > low ? [low, high] : null;
});

/** How many would be shown of each value, were it not for the choice among these values itself. */
function counts<K extends "class" | "origin" | "verdict">(key: K, without: Partial<Asked>) {
  const test = keeps({ ...filters.value, ...without });
  return tally(hits.value.features.filter((hit) => test(hit.properties)), key);
}

const byClass = computed(() => counts("class", { classes: null }));
const byVerdict = computed(() => counts("verdict", { verdicts: null }));
const byOrigin = computed(() => counts("origin", { origins: null }));

function set(change: Partial<Asked>): void {
  filters.value = { ...filters.value, ...change };
}

/** With one value taken from or added to those chosen; all chosen is the same as no choice. */
function toggled<T>(chosen: ReadonlySet<T> | null, value: T, all: readonly T[]): ReadonlySet<T> | null {
  const next = new Set(chosen ?? all);
  if (!next.delete(value)) next.add(value);
  return next.size === all.length ? null : next;
}

interface ChipProps {
  label: string;
  count: number;
  on: boolean;
  colour?: string;
  mark?: string;
  onClick: () => void;
}

function Chip({ label, count, on, colour, mark, onClick }: ChipProps) {
  return (
    <button type="button" class="chip" aria-pressed={on} onClick={onClick}>
      {colour ? <i class="chip-dot" style={{ background: colour }} /> : null}
      {mark ? <i class={`mark ${mark}`} /> : null}
      {label} <span class="number">{count}</span>
    </button>
  );
}

export function Filters() {
  const f = filters.value;
  const open = useSignal(!isNarrow());
  if (hits.value.features.length === 0) return null;
  return (
    <section class="filters" aria-label={t("map_filters")}>
      <div class="filters-top">
        <input
          id={SEARCH_ID} type="search" class="input" placeholder={t("map_search")} aria-label={t("map_search")} value={f.text}
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
        <button type="button" class="button little" aria-expanded={open.value} aria-controls="filters-more" onClick={() => { open.value = !open.value; }}>
          {t("map_filters")} {open.value ? "▴" : "▾"}
        </button>
      </div>
      <div id="filters-more" hidden={!open.value}>
        <ClassChips />
        <VerdictChips />
        <div class="ranges">
          <RangeSlider
            legend={t("confidence")} from={t("map_confidence_from")} to={t("map_confidence_to")} min={0} max={1} step={0.01}
            value={f.confidence} say={(value) => round(value, 2)} onInput={(confidence) => set({ confidence })}
          />
          <TimeRange />
        </div>
      </div>
    </section>
  );
}

/** How many are shown, and the way back to all of them. */
export function ShownCount() {
  return (
    <span class="shown-count">
      <span class="number" role="status">{t("map_shown_of", { shown: shown.value.length, all: hits.value.features.length })}</span>
      {isFiltered(filters.value) ? <button type="button" class="link" onClick={() => { filters.value = noFilters(); }}>{t("map_filters_clear")}</button> : null}
    </span>
  );
}

function ClassChips() {
  const all = classes.value;
  if (all.length === 0) return null;
  return (
    <div class="chips" role="group" aria-label={t("class")}>
      {all.map((label) => (
        <Chip
          key={label} label={className(label)} colour={classColour(label)} count={byClass.value.get(label) ?? 0}
          on={filters.value.classes?.has(label) ?? true}
          onClick={() => set({ classes: toggled(filters.value.classes, label, all) })}
        />
      ))}
    </div>
  );
}

function VerdictChips() {
  const { verdicts, origins } = filters.value;
  return (
    <div class="chips" role="group" aria-label={`${t("map_verdict")}, ${t("origin")}`}>
      {VERDICTS.map((each) => (
        <Chip
          key={each} label={t(`map_verdict_${each}` as Word)} mark={each} count={byVerdict.value.get(each) ?? 0} on={verdicts?.has(each) ?? true}
          onClick={() => set({ verdicts: toggled(verdicts, each, VERDICTS) })}
        />
      ))}
      {ORIGINS.map((each) => (
        <Chip
          key={each} label={t(each)} mark={each} count={byOrigin.value.get(each) ?? 0} on={origins?.has(each) ?? true}
          onClick={() => set({ origins: toggled(origins, each, ORIGINS) })}
        />
      ))}
    </div>
  );
}

function TimeRange() {
  if (times.value === null) return null;
  const [min, max] = times.value;
  const value = filters.value.time ?? times.value;
  const say = (at: number): string => localTime(new Date(at).toISOString()).slice(max - min > 86_400_000 ? 5 : 11, max - min > 3_600_000 ? 16 : 19);
  return (
    <RangeSlider
      legend={`${t("map_time")} ${zoneName(new Date(min).toISOString())}`} from={t("map_time_from")} to={t("map_time_to")} min={min} max={max} step={Math.max(1, (max - min) / 500)}
      value={value} say={say}
      onInput={([low, high]) => set({ time: low <= min && high >= max ? null : [low, high] })}
    />
  );
}
