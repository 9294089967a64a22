// The words of the page: Chinese first, English by a switch that the browser remembers.

import { effect, signal } from "@preact/signals";
import { CLASSES, PROBLEMS, WORDS, type Word } from "./words";

export type Lang = "zh" | "en";
export type Values = Record<string, string | number>;

const KEY = "qly-language";

function remembered(): Lang {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

export const lang = signal<Lang>(remembered());

effect(() => {
  document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
});

export function setLang(to: Lang): void {
  lang.value = to;
  try {
    localStorage.setItem(KEY, to);
  } catch {
    // a browser that remembers nothing still shows the language until the page is left
  }
}

export function pick(both: readonly [string, string]): string {
  return both[lang.value === "zh" ? 0 : 1];
}

/** "{count} files" with its values put in. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The word in the language of the page. */
export function t(key: Word, values: Values = {}): string {
  return fill(pick(WORDS[key]), values);
}

/** A word whose key is only known at run time; the key itself when there is none. */
export function maybe(key: string, values: Values = {}): string {
  return key in WORDS ? t(key as Word, values) : key;
}

/** A class path in words; of an unknown path its nearest known parent, else the path itself. */
export function classWord(label: string): string {
  for (let path = label; path; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
    if (path in CLASSES) return pick(CLASSES[path as keyof typeof CLASSES]);
  }
  return label;
}

/** What went wrong, by the code of the answer; the server's own sentence when the code has none. */
export function problem(code: string, message: string, values: Values = {}): string {
  if (code in PROBLEMS) return fill(pick(PROBLEMS[code as keyof typeof PROBLEMS]), { message, ...values });
  return message || code;
}
