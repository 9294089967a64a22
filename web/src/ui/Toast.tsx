// Short messages at the bottom: read out, gone by themselves unless they tell of a failure.

import { signal } from "@preact/signals";
import { sentence } from "../api";
import { t } from "../i18n";

interface Shown {
  id: number;
  text: string;
  bad: boolean;
}

const shown = signal<Shown[]>([]);
let next = 1;

export function toast(text: string, bad = false): void {
  const id = next++;
  shown.value = [...shown.value.filter((each) => each.text !== text), { id, text, bad }].slice(-4);
  setTimeout(() => dismiss(id), bad ? 12_000 : 5_000);
}

export function toastError(why: unknown): void {
  toast(sentence(why), true);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((each) => each.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((each) => (
        <div key={each.id} class={`toast ${each.bad ? "bad" : ""}`}>
          <span class="wrap">{each.text}</span>
          <button type="button" onClick={() => dismiss(each.id)}>{t("close")}</button>
        </div>
      ))}
    </div>
  );
}
