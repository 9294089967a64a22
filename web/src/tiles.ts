// Which hosts a page may ask for tiles is said when it is loaded: before somebody signed in, or the base map was changed.

import { open } from "./upload/running";

const LAST = "qly-tiles-allowed";
const ONCE_MS = 60_000; // a host that is refused after that too is not to be had by loading again

/** When a tile's host is refused, load the page again, so that it hears of today's; never while an upload is under way. */
export function allowTiles(): void {
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
    if (!/^(img|connect)-src/.test(effectiveDirective) || open.value.length > 0) return;
    if (Date.now() - Number(sessionStorage.getItem(LAST)) < ONCE_MS) return;
    sessionStorage.setItem(LAST, String(Date.now()));
    location.reload();
  });
}
