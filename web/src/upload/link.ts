// Whether the server can be reached. Whoever meets a failure says so; everybody then waits until it answers again.

import { effect, signal } from "@preact/signals";
import { loadSession, user } from "../session";

/** up; offline: this machine has no network; down: no answer; signed_out: the session ended; full: no room left. */
export type Link = "up" | "offline" | "down" | "signed_out" | "full";

export const link = signal<Link>("up");

const DELAYS_MS = [1_000, 2_000, 3_000, 5_000, 8_000, 15_000];
const FULL_MS = 30_000;
const ANSWER_MS = 8_000;

let tries = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let waiting: (() => void)[] = [];

/** Say that the server did not answer, that the session ended, or that its disk is full. */
export function broken(how: "down" | "signed_out" | "full"): void {
  if (link.value === "up") tries = 0;
  link.value = how === "down" && !navigator.onLine ? "offline" : how;
  if (how === "signed_out") void askSession();
  else schedule();
}

/** Signed out, says a request: the page then shows the form, unless another tab has signed in meanwhile. */
async function askSession(): Promise<void> {
  try {
    await loadSession();
    if (user.value) up();
  } catch {
    broken("down");
  }
}

/** Resolves when the server can be asked. */
export function whenUp(): Promise<void> {
  return link.value === "up" ? Promise.resolve() : new Promise((go) => waiting.push(go));
}

function up(): void {
  tries = 0;
  link.value = "up";
  const all = waiting;
  waiting = [];
  for (const go of all) go();
}

function schedule(): void {
  clearTimeout(timer);
  if (link.value === "up" || link.value === "signed_out") return;
  const delay = link.value === "full" ? FULL_MS : DELAYS_MS[Math.min(tries, DELAYS_MS.length - 1)];
  timer = setTimeout(() => void probe(), delay);
}

/** Ask now rather than when it is due; of no effect while all is well. */
export async function probe(): Promise<void> {
  clearTimeout(timer);
  if (link.value === "up" || link.value === "signed_out") return;
  tries += 1;
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    await loadSession(); // a server that was started again may want another CSRF token
    if (user.value) up();
    else link.value = "signed_out";
  } catch {
    link.value = navigator.onLine ? "down" : "offline";
    schedule();
  }
}

effect(() => {
  if (user.value && link.peek() === "signed_out") up();
});

addEventListener("online", () => void probe());
addEventListener("offline", () => { if (link.value === "up" || link.value === "down") broken("down"); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") void probe(); });
