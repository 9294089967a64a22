// What an officer set once and this browser remembers.
import { effect, signal, type Signal } from "@preact/signals";

function remembered(key: string, otherwise: boolean): Signal<boolean> {
  const value = signal(read(key, otherwise));
  effect(() => {
    try {
      localStorage.setItem(key, value.value ? "yes" : "no");
    } catch {
      // a browser that remembers nothing keeps it until the page is left
    }
  });
  return value;
}

function read(key: string, otherwise: boolean): boolean {
  try {
    const kept = localStorage.getItem(key);
    return kept === null ? otherwise : kept === "yes";
  } catch {
    return otherwise;
  }
}

/** After a verdict the next open hit is chosen. */
export const goOn = remembered("qly-go-on", true);
/** Boxes and points are drawn over the photo. */
export const showBoxes = remembered("qly-show-boxes", true);
