// What was just done, with a way to take it back: one message at a time, read out, gone by itself.
import { signal } from "@preact/signals";
import { render } from "preact";
import { t } from "../i18n";
import { photoOpen } from "../run/state";

interface Done {
  text: string;
  bad: boolean;
  undo: (() => void) | null;
}

const SHOWN_MS = 8_000;
const done = signal<Done | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;
let mounted = false;

export function sayDone(text: string, undo: (() => void) | null = null): void {
  show({ text, bad: false, undo });
}

export function sayFailed(text: string): void {
  show({ text, bad: true, undo: null });
}

function show(message: Done): void {
  mount();
  done.value = message;
  clearTimeout(timer);
  timer = setTimeout(hide, message.bad ? 2 * SHOWN_MS : SHOWN_MS);
}

function hide(): void {
  done.value = null;
}

/** It stands beside the page, so that the panel does not take it along when it closes. */
function mount(): void {
  if (mounted) return;
  mounted = true;
  const place = document.createElement("div");
  document.body.append(place);
  render(<OnPage />, place);
}

/** The viewer covers the page, and shows the message itself. */
function OnPage() {
  return photoOpen.value ? null : <DoneMessage />;
}

export function DoneMessage() {
  const message = done.value;
  function undo(): void {
    hide();
    message?.undo?.();
  }
  return (
    <div class="done-place" role="status" aria-live="polite">
      {message ? (
        <div class={`toast done ${message.bad ? "bad" : ""}`}>
          <span class="wrap">{message.text}</span>
          {message.undo ? <button type="button" onClick={undo}>{t("photo_undo")}</button> : null}
          <button type="button" onClick={hide}>{t("close")}</button>
        </div>
      ) : null}
    </div>
  );
}
