import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { can } from "../session";
import type { Hit } from "../types";
import { TextField } from "../ui/Field";
import { asked, onTheWay, reviewActions } from "./actions";
import { ClassPicker } from "./ClassPicker";
import { goOn } from "./settings";

interface BarProps {
  hit: Hit;
  /** What the move button does; without it there is none. */
  onMove?: () => void;
}

/** The officer's buttons for one hit; nothing for those who only look. */
export function ReviewBar({ hit, onMove }: BarProps) {
  if (!can("review")) return null;
  const { id, verdict } = hit.properties;
  const busy = onTheWay.value.has(id);
  const question = asked.value?.hit === id ? asked.value.what : null;
  return (
    <section class="review-bar" aria-label={t("review")}>
      <div class="row verdicts">
        <Action word="confirm" keyName="C" tone="good" busy={busy} pressed={verdict === "confirmed"} onClick={() => reviewActions.confirm(id)} />
        <Action word="reject" keyName="X" tone="bad" busy={busy} pressed={verdict === "rejected"} onClick={() => reviewActions.reject(id)} />
        <Action word="reclass" keyName="R" busy={busy} pressed={question === "class"} onClick={() => toggle(id, "class")} />
        <Action word="comment" keyName="T" busy={busy} pressed={question === "comment"} onClick={() => toggle(id, "comment")} />
        {onMove ? <Action word="move" keyName="M" busy={busy} onClick={onMove} /> : null}
        <Action word="undo" keyName="U" busy={onTheWay.value.has("undo")} onClick={() => reviewActions.undo()} />
      </div>
      {question === "class" ? <Reclass hit={hit} /> : null}
      {question === "comment" ? <Comment id={id} /> : null}
      <label class="check small">
        <input type="checkbox" checked={goOn.value} onChange={(event) => { goOn.value = event.currentTarget.checked; }} />
        <span>{t("photo_go_on")}</span>
      </label>
    </section>
  );
}

function toggle(id: string, what: "class" | "comment"): void {
  if (asked.value?.hit === id && asked.value.what === what) asked.value = null;
  else if (what === "class") reviewActions.askClass(id);
  else reviewActions.askComment(id);
}

interface ActionProps {
  word: "confirm" | "reject" | "reclass" | "comment" | "move" | "undo";
  keyName: string;
  tone?: "good" | "bad";
  busy: boolean;
  pressed?: boolean;
  onClick: () => unknown;
}

function Action({ word, keyName, tone, busy, pressed, onClick }: ActionProps) {
  return (
    <button
      type="button" class={`button little act ${tone ?? ""}`} aria-pressed={pressed} aria-disabled={busy} aria-keyshortcuts={keyName}
      onClick={() => void (busy ? null : onClick())}
    >
      {t(`photo_${word}`)} <kbd>{keyName}</kbd>
    </button>
  );
}

function Reclass({ hit }: { hit: Hit }) {
  const { id } = hit.properties;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>("[aria-pressed=true], button")?.focus(), []);
  return (
    <div ref={box} class="asked" role="group" aria-label={t("photo_reclass")} onKeyDown={closeOnEscape}>
      <ClassPicker value={hit.properties.class} onPick={(label) => void reviewActions.reclass(id, label)} />
    </div>
  );
}

/** Escape closes what is asked, and nothing else. */
function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  event.preventDefault();
  asked.value = null;
}

function Comment({ id }: { id: string }) {
  const [note, setNote] = useState("");
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector("textarea")?.focus(), []);
  async function send(): Promise<void> {
    if (!note.trim()) return;
    if (await reviewActions.comment(id, note.trim())) asked.value = null;
  }
  function onKey(event: KeyboardEvent): void {
    closeOnEscape(event);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send();
  }
  return (
    <form ref={box} class="asked stack tight" onSubmit={(event) => { event.preventDefault(); void send(); }} onKeyDown={onKey}>
      <TextField label={t("photo_comment")} lines={3} value={note} onInput={setNote} maxLength={5000} />
      <div class="row">
        <button type="submit" class="button little primary" disabled={!note.trim() || onTheWay.value.has(id)}>{t("save")}</button>
        <button type="button" class="button little" onClick={() => { asked.value = null; }}>{t("cancel")}</button>
      </div>
    </form>
  );
}
