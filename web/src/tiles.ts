// Which hosts a page may ask for tiles is said when it is loaded, after who is signed in and what is set.

import { open } from "./upload/running";

/** Load the page again, so that it may ask for the tiles that are now configured; never while an upload is under way. */
export function allowTiles(): void {
  if (open.value.length === 0) location.reload();
}
