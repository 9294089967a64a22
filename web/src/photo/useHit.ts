// The chosen hit's evidence, kept in step with what the list says of it.
import { useEffect } from "preact/hooks";
import { runId } from "../run/state";
import { detail, showDetail } from "./detail";
import type { HitDetail } from "./types";

/** The evidence of the hit `id`, or null until it is there. */
export function useHit(id: string | null): HitDetail | null {
  const run = runId.value;
  useEffect(() => showDetail(id), [id, run]);
  const found = detail.value;
  return found && found.properties.id === id ? found : null;
}
