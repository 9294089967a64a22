// One flight: its files, what was found in them, and what can be done with it.

import { useCallback, useEffect, useState } from "preact/hooks";
import { patch, remove } from "../api";
import { useAction } from "../action";
import { bytes, count } from "../format";
import { t } from "../i18n";
import { useEvery, useLoad } from "../load";
import { navigate } from "../router";
import { RunForm } from "../runs/RunForm";
import { RunList } from "../runs/RunList";
import { can } from "../session";
import type { Flight, Run } from "../types";
import { Button } from "../ui/Button";
import { agree, Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { Failure } from "../ui/Note";
import { Time } from "../ui/Time";
import { FileList } from "../upload/FileList";
import { open } from "../upload/running";
import { UploadPanel } from "../upload/UploadPanel";
import { Form, Head } from "./parts";

export default function FlightPage({ id }: { id: string }) {
  const flight = useLoad<Flight>(`/api/flights/${id}`);
  const runs = useLoad<{ runs: Run[] }>(`/api/flights/${id}/runs`);
  const uploading = open.value.some((each) => each.href === `/flights/${id}`);
  const reload = useCallback(() => {
    flight.reload();
    runs.reload();
  }, [flight.reload, runs.reload]);
  useEvery(uploading ? 4_000 : null, flight.reload);
  useEffect(() => { if (!uploading) flight.reload(); }, [uploading]);
  if (!flight.data) return <><Head title={t("flight")} /><Failure why={flight.error} /></>;
  return (
    <>
      <FlightHead flight={flight.data} onChange={flight.reload} />
      <div class="stack">
        <Failure why={flight.error} />
        <Facts flight={flight.data} />
        {can("upload") ? <UploadPanel flight={flight.data} onChange={flight.reload} /> : null}
        <Runs flight={flight.data} runs={runs.data?.runs ?? []} onChange={reload} />
        <FileList flight={flight.data} />
      </div>
    </>
  );
}

interface PartProps {
  flight: Flight;
  onChange: () => void;
}

function FlightHead({ flight, onChange }: PartProps) {
  const [editing, setEditing] = useState(false);
  async function archive(): Promise<void> {
    if (!(await agree(t("archive_title"), t("archive_text"), t("archive")))) return;
    await remove(`/api/flights/${flight.id}`);
    navigate("/flights");
  }
  return (
    <>
      <Head title={flight.name} text={flight.site}>
        {can("upload") ? <><Button onClick={() => setEditing(true)}>{t("edit")}</Button><Button kind="danger" onClick={archive}>{t("archive")}</Button></> : null}
      </Head>
      {editing ? <Edit flight={flight} onClose={() => { setEditing(false); onChange(); }} /> : null}
    </>
  );
}

function Facts({ flight }: { flight: Flight }) {
  const { stored, stored_bytes, refused } = flight.files;
  return (
    <section class="panel" aria-label={t("flight")}>
      <dl class="facts">
        <dt>{t("files")}</dt>
        <dd class="number">
          {t("files_and_bytes", { n: count(stored), bytes: bytes(stored_bytes) })}
          {refused ? ` · ${t("files_refused", { n: count(refused) })}` : ""}
        </dd>
        <dt>{t("created_by")}</dt><dd>{flight.created_by.name}</dd>
        <dt>{t("created_at")}</dt><dd><Time at={flight.created_at} twoLines /></dd>
        {flight.note ? <><dt>{t("flight_note")}</dt><dd class="flight-note">{flight.note}</dd></> : null}
      </dl>
    </section>
  );
}

interface RunsProps extends PartProps {
  runs: Run[];
}

function Runs({ flight, runs, onChange }: RunsProps) {
  const working = runs.some((run) => run.state === "queued" || run.state === "running");
  return (
    <section class="panel stack" aria-labelledby="runs-title">
      <h2 id="runs-title">{t("runs_title")}</h2>
      <RunList runs={runs} onChange={onChange} />
      {can("run") && !working ? <RunStart flight={flight} runs={runs} onChange={onChange} /> : null}
      {!can("run") && !runs.length ? <p class="soft">{t("no_run_yet")}</p> : null}
    </section>
  );
}

function RunStart({ flight, runs, onChange }: RunsProps) {
  if (!flight.files.stored) return <p class="soft">{t("run_needs_files")}</p>;
  return <RunForm flightId={flight.id} runs={runs} onStarted={onChange} />;
}

function Edit({ flight, onClose }: { flight: Flight; onClose: () => void }) {
  const [name, setName] = useState(flight.name);
  const [site, setSite] = useState(flight.site);
  const [note, setNote] = useState(flight.note);
  const action = useAction();
  const send = () => action.run(async () => {
    await patch(`/api/flights/${flight.id}`, { name, site, note });
    onClose();
  });
  return (
    <Dialog title={t("edit_flight")} onClose={onClose}>
      <Form onSubmit={send}>
        <TextField label={t("flight_name")} value={name} onInput={setName} required maxLength={200} autofocus />
        <TextField label={t("site")} value={site} onInput={setSite} maxLength={200} />
        <TextField label={t("flight_note")} value={note} onInput={setNote} lines={3} maxLength={5000} />
        <Failure why={action.error} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={action.busy}>{t("save")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
