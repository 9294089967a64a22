// Who is signed in.

import { computed, signal } from "@preact/signals";
import { get, post, setCsrf, whenSignedOut } from "./api";
import type { AuthState, Right } from "./types";

/** null until the server has answered for the first time. */
export const session = signal<AuthState | null>(null);
export const user = computed(() => session.value?.user ?? null);

export function can(right: Right): boolean {
  return user.value?.rights.includes(right) ?? false;
}

export function setSession(state: AuthState): void {
  setCsrf(state.csrf);
  session.value = state;
}

export async function loadSession(): Promise<void> {
  setSession(await get<AuthState>("/auth/state"));
}

export async function signOut(): Promise<void> {
  await post("/auth/sign-out");
  await loadSession();
}

whenSignedOut(() => {
  const state = session.value;
  if (state?.user) setSession({ ...state, user: null, csrf: "" });
});
