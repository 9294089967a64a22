// The viewer's keys. While it is open they come here first, so that the map does not move below it.
import { keysShown } from "../run/keys";
import { asked } from "./actions";
import { classOfKey } from "./classes";
import { chooseLabel, goFurther, marking, moveAim, stopMarking } from "./marking";
import { isTyping, reviewKey } from "./reviewKeys";
import { showBoxes } from "./settings";
import { beginMarking, beginMove, close, fitAll, fullSize, keepInView, lightOpen, pan, step, stepView, toHit, view, zoom } from "./viewer";
import type { XY } from "./types";

const ARROWS: Record<string, XY> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const AIM_STEP = 10; // CSS pixels
const AIM_FAST = 6;
const PAN_STEP = 80;

/** Whether Enter presses what has the focus, to some effect: a class that is chosen already has none. */
function isPressable(target: EventTarget | null): boolean {
  const pressed = target instanceof Element ? target.closest("button, a, summary, input") : null;
  return pressed !== null && !pressed.matches(".class-button[aria-pressed=true]");
}

/** Do what the key is for; false when it is for nothing here. */
export function onViewerKey(event: KeyboardEvent): boolean {
  if (event.key === "Escape") return escape();
  if (isTyping(event.target) || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey) return reviewKey(event);
  if (marking.value && markingKey(event)) return true;
  if (event.altKey) return false;
  return arrowKey(event) || plainKey(event.key) || (!marking.value && reviewKey(event));
}

function escape(): boolean {
  if (lightOpen.value) lightOpen.value = false;
  else if (asked.value) asked.value = null;
  else if (marking.value) stopMarking();
  else close();
  return true;
}

function markingKey(event: KeyboardEvent): boolean {
  const way = ARROWS[event.key];
  const label = classOfKey(event.key);
  if (way && !(event.target instanceof HTMLInputElement)) moveCross(way, event);
  else if (label && !marking.value?.hit) chooseLabel(label);
  else if (event.key === "Enter" && !isPressable(event.target)) void goFurther();
  else if (event.key.toLowerCase() === "a") stopMarking();
  else return false;
  return true;
}

/** Steps are of the screen, so that they feel alike however large the photo is shown; with Alt they are of the photo. */
function moveCross([dx, dy]: XY, event: KeyboardEvent): void {
  const scale = view.value?.scale ?? 1;
  const onScreen = AIM_STEP * (event.shiftKey ? AIM_FAST : 1);
  const px = event.altKey ? 1 : Math.max(1, onScreen / scale);
  moveAim([dx * px, dy * px]);
  if (marking.value) keepInView(marking.value.aim);
}

function arrowKey(event: KeyboardEvent): boolean {
  const way = ARROWS[event.key];
  if (!way || event.target instanceof HTMLInputElement) return false;
  const [dx, dy] = way;
  if (event.shiftKey || marking.value) pan(dx * PAN_STEP, dy * PAN_STEP);
  else if (dx) step(dx as 1 | -1);
  else stepView(dy as 1 | -1);
  return true;
}

const PLAIN: Record<string, () => void> = {
  "+": () => zoom(1.5),
  "=": () => zoom(1.5),
  "-": () => zoom(1 / 1.5),
  "0": fitAll,
  o: fullSize,
  h: toHit,
  b: () => { showBoxes.value = !showBoxes.value; },
  a: beginMarking,
  m: beginMove,
  "?": () => { keysShown.value = true; },
  pageup: () => step(-1),
  pagedown: () => step(1),
};

function plainKey(pressed: string): boolean {
  const act = PLAIN[pressed.toLowerCase()];
  act?.();
  return act !== undefined;
}
