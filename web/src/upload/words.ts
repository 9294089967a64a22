// Sentences about an upload.

import { bytes, count, round, span } from "../format";
import { t } from "../i18n";
import type { Link } from "./link";
import type { View } from "./upload";

/** "约剩 12 分钟" */
export function timeLeft(seconds: number | null): string {
  if (seconds === null) return t("left_unknown");
  const { hours, minutes, seconds: rest } = span(seconds);
  if (hours) return t("left_hours", { hours, minutes });
  if (minutes >= 10 || (minutes && !rest)) return t("left_minutes", { minutes });
  return minutes ? t("left_minutes_seconds", { minutes, seconds: rest }) : t("left_seconds", { seconds: rest });
}

/** What the upload is doing, or what it waits for. */
export function stateLine(view: View, link: Link): string {
  if (view.paused) return t("upload_paused");
  if (link !== "up") return t(`upload_${link}` as const);
  if (view.open === 0) return view.failed ? t("upload_ended_failed") : t("upload_ended");
  if (view.held >= view.open) return t("upload_all_held");
  if (view.bytes === view.doneBytes) return t("upload_checking");
  return view.hashedFiles < view.files - view.refused ? t("upload_hashing", { done: count(view.hashedFiles), all: count(view.files) }) : t("upload_sending");
}

export function bytesLine(view: View): string {
  return t("of_bytes", { done: bytes(view.doneBytes), all: bytes(view.bytes) });
}

export function filesLine(view: View): string {
  return t("of_files", { done: count(view.stored), all: count(view.files - view.refused) });
}

export function speed(view: View): string {
  return view.bytesPerSecond === null ? "–" : `${bytes(Number(round(view.bytesPerSecond)))}/s`;
}
