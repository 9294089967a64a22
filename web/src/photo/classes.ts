// The classes an officer chooses from: the catalogue's, then what else this run knows.
import { signal } from "@preact/signals";
import { hits, survey } from "../run/state";
import { CLASSES } from "../words";

const own = signal<readonly string[]>([]); // typed in this session

/** The first nine have the number keys 1 to 9. */
export function classChoices(): string[] {
  const known = Object.keys(survey.value?.classes ?? {});
  const used = hits.value.features.map((hit) => hit.properties.class);
  return [...new Set([...Object.keys(CLASSES), ...known, ...used, ...own.value])];
}

export function rememberClass(label: string): void {
  if (!own.value.includes(label)) own.value = [...own.value, label];
}

/** The class of a number key, or null. */
export function classOfKey(key: string): string | null {
  return /^[1-9]$/.test(key) ? (classChoices()[Number(key) - 1] ?? null) : null;
}
