// The verdicts' keys in the photo viewer. On the map the same keys are ../run/keys.ts's.
import { selected } from "../run/state";
import { asked, reviewActions } from "./actions";
import { classOfKey } from "./classes";

/** Whether the key belongs to a field in which somebody types. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "range", "button", "submit"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

const OF_HIT: Record<string, (id: string) => void> = {
  c: (id) => void reviewActions.confirm(id),
  x: (id) => void reviewActions.reject(id),
  r: reviewActions.askClass,
  t: reviewActions.askComment,
};

/** A verdict's key; false for any other. Ctrl+Z takes back, Ctrl+Y and Ctrl+Shift+Z bring back. */
export function reviewKey(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase();
  if (event.repeat) return true;
  if (event.ctrlKey || event.metaKey) return commandKey(key, event);
  if (event.altKey) return false;
  if (pickAsked(key)) return true;
  const id = selected.value;
  const act = OF_HIT[key];
  if (key === "u") void reviewActions.undo();
  else if (act && id) act(id);
  else return false;
  return true;
}

function commandKey(key: string, { shiftKey, altKey }: KeyboardEvent): boolean {
  if (altKey || (key !== "z" && key !== "y")) return false;
  void (key === "y" || shiftKey ? reviewActions.redo() : reviewActions.undo());
  return true;
}

/** After R a number chooses the class. */
function pickAsked(key: string): boolean {
  const question = asked.value;
  const label = classOfKey(key);
  if (question?.what !== "class" || !label) return false;
  asked.value = null;
  void reviewActions.reclass(question.hit, label);
  return true;
}
