import { round } from "../format";
import { t } from "../i18n";
import { className } from "../run/classes";
import { Time } from "../ui/Time";
import type { HistoryEntry } from "./types";
import { verdictWord } from "./words";

/** Who said what of a hit, and when; what was taken back is struck through. */
export function History({ entries }: { entries: readonly HistoryEntry[] }) {
  if (!entries.length) return <p class="soft">{t("photo_no_history")}</p>;
  return (
    <ol class="history">
      {entries.map((entry) => (
        <li key={entry.n} class={entry.undone ? "undone" : ""}>
          <div class="row apart">
            <strong>{t(verdictWord(entry.verdict))}{valueOf(entry)}</strong>
            {entry.undone ? <span class="badge">{t("photo_taken_back")}</span> : null}
          </div>
          {entry.note ? <p class="comment wrap">{entry.note}</p> : null}
          <p class="soft small">{entry.who} · <Time at={entry.when} /></p>
        </li>
      ))}
    </ol>
  );
}

function valueOf({ verdict, value }: HistoryEntry): string {
  if (verdict === "reclassed" && typeof value === "string") return ` → ${className(value)}`;
  if (verdict === "moved") return placeOf(value);
  return "";
}

function placeOf(value: unknown): string {
  const at = (value as { coordinates?: unknown } | null)?.coordinates;
  if (!Array.isArray(at) || typeof at[0] !== "number" || typeof at[1] !== "number") return "";
  return ` → ${round(at[1], 6)}, ${round(at[0], 6)}`;
}
