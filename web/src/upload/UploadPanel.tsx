// A flight's upload: choose a folder, see how far it is, hold it, take it back.

import { useState } from "preact/hooks";
import { get } from "../api";
import { bytes, count, percent } from "../format";
import { t } from "../i18n";
import type { Flight, StoredFile } from "../types";
import { Button } from "../ui/Button";
import { agree } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { Progress } from "../ui/Progress";
import type { Pick, Picked } from "./collect";
import { DropZone } from "./DropZone";
import { Current, Failed, Refused } from "./lists";
import { link } from "./link";
import { align } from "./paths";
import type { Upload, View } from "./upload";
import "./upload.css";
import { forgetChosen, remember, remembered, uploadOf } from "./uploads";
import { bytesLine, filesLine, speed, stateLine, timeLeft } from "./words";

interface PanelProps {
  flight: Flight;
  onChange: () => void;
}

export function UploadPanel({ flight, onChange }: PanelProps) {
  const upload = uploadOf(flight.id);
  const view = upload.view.value;
  const [notes, setNotes] = useState<string[]>([]);
  const busy = view !== null && view.files + view.cancelled > 0;
  async function take(pick: Pick): Promise<void> {
    setNotes(notesOn(pick));
    if (!pick.files.length) return;
    remember(flight.id, pick);
    upload.add(await aligned(flight, pick.files));
    onChange();
  }
  return (
    <section class="panel stack" aria-labelledby="upload-title">
      <h2 id="upload-title">{t("upload_title")}</h2>
      {busy && view ? <Running upload={upload} view={view} flight={flight} /> : <Missing flight={flight} />}
      {notes.map((note) => <Note key={note} tone="warn">{note}</Note>)}
      {busy && view ? <><Failed upload={upload} view={view} /><Refused items={upload.items} count={view.refused} /></> : null}
      <DropZone onPick={take} small={busy || flight.files.stored > 0} />
    </section>
  );
}

function notesOn(pick: Pick): string[] {
  const notes: string[] = [];
  if (!pick.files.length) notes.push(t("pick_empty"));
  if (pick.unreadable.length) notes.push(t("pick_unreadable", { n: count(pick.unreadable.length), first: pick.unreadable[0] ?? "" }));
  return notes;
}

/** The picked files under the paths that an earlier upload of this flight gave them. */
async function aligned(flight: Flight, files: Picked[]): Promise<Picked[]> {
  if (!flight.files.count) return files;
  const known = await filesOf(flight.id);
  const { add, cut } = align(files, known);
  return files.map((file) => (file.path.startsWith(cut) ? { ...file, path: add + file.path.slice(cut.length) } : file));
}

async function filesOf(flightId: string): Promise<StoredFile[]> {
  const all: StoredFile[] = [];
  let after: string | null = "";
  while (after !== null) {
    const query: string = after ? `&after=${encodeURIComponent(after)}` : "";
    const page: { files: StoredFile[]; next: string | null } = await get(`/api/flights/${flightId}/files?limit=1000${query}`);
    all.push(...page.files);
    after = page.next || null;
  }
  return all;
}

/** What an earlier visit left undone. */
function Missing({ flight }: { flight: Flight }) {
  const { count: known, stored, refused, bytes: all, stored_bytes: there } = flight.files;
  const chosen = remembered(flight.id);
  const left = Math.max(known, chosen?.files ?? 0) - stored - refused;
  if (left <= 0) return null;
  const leftBytes = Math.max(all, chosen?.bytes ?? 0) - there;
  return (
    <Note tone="warn">
      <p><strong>{t("upload_missing", { n: count(left), bytes: bytes(Math.max(0, leftBytes)) })}</strong></p>
      <p>{chosen?.folder ? t("upload_choose_again_named", { folder: chosen.folder }) : t("upload_choose_again")}</p>
      {chosen && chosen.files > known ? <Button kind="quiet" little onClick={() => forgetChosen(flight.id)}>{t("upload_forget")}</Button> : null}
    </Note>
  );
}

interface RunningProps {
  upload: Upload;
  view: View;
  flight: Flight;
}

function Running({ upload, view, flight }: RunningProps) {
  const waits = link.value !== "up" && view.open > 0 && !view.paused;
  return (
    <div class="stack" data-upload={view.open ? "open" : "ended"}>
      <div class="upload-head">
        <strong class="upload-part number">{percent(view.doneBytes, view.bytes)}</strong>
        <div class="grow">
          <div role="status" aria-live="polite" class={waits ? "upload-waits" : ""}>{stateLine(view, link.value)}</div>
          <div class="soft small number upload-figures">
            <span>{bytesLine(view)}</span><span>{filesLine(view)}</span>
            {view.open && view.doneBytes < view.bytes ? <><span>{waits || view.paused ? "" : speed(view)}</span><span>{waits || view.paused ? "" : timeLeft(view.secondsLeft)}</span></> : null}
          </div>
        </div>
        <Buttons upload={upload} view={view} flight={flight} />
      </div>
      <Progress done={view.doneBytes} total={view.bytes} label={t("upload_title")} good={view.open === 0 && !view.failed} />
      <Current upload={upload} view={view} />
    </div>
  );
}

function Buttons({ upload, view, flight }: RunningProps) {
  if (!view.open) return null;
  async function cancel(): Promise<void> {
    if (!(await agree(t("upload_cancel_title"), t("upload_cancel_text"), t("upload_cancel_yes")))) return;
    await upload.cancelAll();
    forgetChosen(flight.id);
  }
  return (
    <div class="row">
      {view.paused
        ? <Button kind="primary" onClick={() => upload.resume()}>{t("resume")}</Button>
        : <Button onClick={() => upload.pause()}>{t("pause")}</Button>}
      <Button kind="danger" onClick={cancel}>{t("upload_cancel")}</Button>
    </div>
  );
}
