import { percent } from "../format";
import { t } from "../i18n";
import { open } from "./running";

/** In the bar: an upload goes on while other pages are looked at. */
export function UploadBadge() {
  const first = open.value[0];
  const view = first?.view.value;
  if (!first || !view) return null;
  return (
    <a class="bar-link upload-badge number" href={first.href}>
      {t(view.paused ? "upload_badge_paused" : "upload_badge", { part: percent(view.doneBytes, view.bytes) })}
    </a>
  );
}
