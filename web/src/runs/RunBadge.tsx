import { t } from "../i18n";
import type { RunState } from "../types";
import { Badge } from "../ui/Note";

const TONES = { queued: "busy", running: "busy", done: "good", failed: "bad", cancelled: "" } as const;

export function RunBadge({ state }: { state: RunState }) {
  return <Badge tone={TONES[state]}>{t(`run_${state}` as const)}</Badge>;
}
