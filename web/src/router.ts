// Which page is shown: the path, and the table from paths to pages.

import { signal } from "@preact/signals";

export type Params = Record<string, string>;

export const path = signal(location.pathname);

export function navigate(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  show();
  scrollTo(0, 0);
}

function show(): void {
  path.value = location.pathname;
}

/** The parameters when `pattern` ("/runs/:id") is the shape of `at`, else null. */
export function match(pattern: string, at: string): Params | null {
  const wanted = pattern.split("/");
  const given = at.replace(/(?<=.)\/+$/, "").split("/");
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decode(value);
    else if (part !== value) return null;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Links of this site change the page without loading it again; everything else is left to the browser. */
function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest("a");
  if (!link?.href || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (/^\/(api|auth|assets|metrics|healthz)(\/|$)/.test(link.pathname)) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.pathname + link.search + link.hash);
}

export function startRouting(): void {
  addEventListener("popstate", show);
  document.addEventListener("click", onClick);
}
