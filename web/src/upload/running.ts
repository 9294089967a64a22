// Which uploads there are: small, so that the bar of every page can show them without the code that does the work.

import { computed, signal, type Signal } from "@preact/signals";
import type { View } from "./upload";

export interface Running {
  /** The page that shows it. */
  href: string;
  view: Signal<View | null>;
}

export const running = signal<readonly Running[]>([]);

/** Those that still have something to send. */
export const open = computed(() => running.value.filter(({ view }) => (view.value?.open ?? 0) > 0));
