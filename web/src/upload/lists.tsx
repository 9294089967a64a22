// The lists below an upload's bar: what moves now, what failed, what was refused. Never all of thousands at once.

import { useState } from "preact/hooks";
import { bytes, count } from "../format";
import { problem, t } from "../i18n";
import { Button } from "../ui/Button";
import { Progress } from "../ui/Progress";
import type { Item } from "./item";
import type { Upload, View } from "./upload";

interface ListProps {
  upload: Upload;
  view: View;
}

export function Current({ upload, view }: ListProps) {
  if (!view.current.length || !view.open) return null;
  return (
    <ul class="transfers" aria-label={t("current_files")}>
      {view.current.map((item) => <Line key={item.path} item={item} upload={upload} />)}
    </ul>
  );
}

function Line({ item, upload }: { item: Item; upload: Upload }) {
  const hashing = item.stage === "hashing";
  const done = hashing ? item.hashed : item.sent;
  const real = upload.items.get(item.path);
  const folder = item.path.slice(0, item.path.lastIndexOf("/") + 1);
  if (!real) return null;
  return (
    <li>
      <span class="transfer-name" title={item.path}><span class="transfer-folder">{folder}</span>{item.path.slice(folder.length)}</span>
      <span class="soft small number">{hashing ? t("hashing") : t("of_bytes", { done: bytes(done), all: bytes(item.size) })}</span>
      <Progress done={done} total={item.size} label={item.path} />
      <span class="transfer-buttons">
        {item.held
          ? <Button kind="quiet" little label={t("resume_one", { name: item.path })} onClick={() => upload.release(real)}>{t("resume")}</Button>
          : <Button kind="quiet" little disabled={hashing} label={t("pause_one", { name: item.path })} onClick={() => upload.hold(real)}>{t("pause")}</Button>}
        <Button kind="quiet" little label={t("cancel_one", { name: item.path })} onClick={() => upload.cancel(real)}>{t("cancel")}</Button>
      </span>
    </li>
  );
}

export function Failed({ upload, view }: ListProps) {
  if (!view.failed) return null;
  const items = [...upload.items.values()].filter((item) => item.stage === "failed");
  return (
    <div class="note bad stack tight">
      <div class="row apart">
        <strong>{t("failed_files", { n: count(view.failed) })}</strong>
        <Button little onClick={() => upload.retryFailed()}>{t("retry_failed")}</Button>
      </div>
      <Reasons items={items} />
    </div>
  );
}

export function Refused({ items, count: many }: { items: ReadonlyMap<string, Item>; count: number }) {
  if (!many) return null;
  return (
    <details class="note warn">
      <summary>{t("refused_files", { n: count(many) })}</summary>
      <Reasons items={[...items.values()].filter((item) => item.stage === "refused")} />
    </details>
  );
}

const SHOWN = 50;

/** Paths with their reasons, fifty at a time. */
export function Reasons({ items }: { items: readonly { path: string; reason: string }[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <ul class="reasons">
        {items.slice(0, shown).map((item) => (
          <li key={item.path}><span class="mono">{item.path}</span> <span>{problem(item.reason, item.reason)}</span></li>
        ))}
      </ul>
      {items.length > shown
        ? <Button kind="quiet" little onClick={() => setShown(shown + 10 * SHOWN)}>{t("show_more", { n: count(items.length - shown) })}</Button>
        : null}
    </>
  );
}
