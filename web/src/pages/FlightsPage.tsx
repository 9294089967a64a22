// All cards that were uploaded, the latest first.

import { useState } from "preact/hooks";
import { post } from "../api";
import { useAction } from "../action";
import { bytes, count } from "../format";
import { t } from "../i18n";
import { useEvery, useLoad } from "../load";
import { navigate } from "../router";
import { can } from "../session";
import type { Flight } from "../types";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { Badge, Empty, Failure } from "../ui/Note";
import { Table, type Column } from "../ui/Table";
import { Time } from "../ui/Time";
import { Form, Head } from "./parts";
import { RunBadge } from "../runs/RunBadge";

export function FlightsPage() {
  const { data, error, reload } = useLoad<{ flights: Flight[] }>("/api/flights");
  const [adding, setAdding] = useState(false);
  const [sought, setSought] = useState("");
  const busy = data?.flights.some((flight) => flight.latest_run?.state === "queued" || flight.latest_run?.state === "running");
  useEvery(busy ? 5_000 : 30_000, reload);
  const shown = data?.flights.filter((flight) => matches(flight, sought)) ?? [];
  return (
    <>
      <Head title={t("flights")} text={t("flights_text")}>
        {can("upload") ? <Button kind="primary" onClick={() => setAdding(true)}>{t("new_flight")}</Button> : null}
      </Head>
      <div class="stack">
        <Failure why={error} />
        {data && data.flights.length > 8 ? <TextField label={t("find_flight")} value={sought} onInput={setSought} /> : null}
        {data ? data.flights.length ? <FlightTable flights={shown} /> : <None onAdd={() => setAdding(true)} /> : null}
      </div>
      {adding ? <NewFlight onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function matches(flight: Flight, sought: string): boolean {
  const text = `${flight.name} ${flight.site} ${flight.created_by.name}`.toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((part) => text.includes(part));
}

function None({ onAdd }: { onAdd: () => void }) {
  return (
    <Empty title={t("no_flights")} text={can("upload") ? t("no_flights_text") : t("no_flights_see")}>
      {can("upload") ? <Button kind="primary" onClick={onAdd}>{t("new_flight")}</Button> : null}
    </Empty>
  );
}

function columns(): Column<Flight>[] {
  return [
    { title: t("flight_name"), cell: (flight) => <><a href={`/flights/${flight.id}`}><strong>{flight.name}</strong></a>{flight.site ? <div class="soft small">{flight.site}</div> : null}</> },
    { title: t("files"), cell: (flight) => <Files flight={flight} /> },
    { title: t("result"), cell: (flight) => <Result flight={flight} /> },
    { title: t("created_by"), cell: (flight) => flight.created_by.name },
    { title: t("created_at"), cell: (flight) => <Time at={flight.created_at} twoLines /> },
  ];
}

function FlightTable({ flights }: { flights: Flight[] }) {
  return <Table caption={t("flights")} columns={columns()} rows={flights} keyOf={(flight) => flight.id} />;
}

function Files({ flight }: { flight: Flight }) {
  const { count: all, stored, refused, stored_bytes } = flight.files;
  const missing = all - stored - refused;
  return (
    <span class="number">
      {t("files_and_bytes", { n: count(stored), bytes: bytes(stored_bytes) })}
      {missing > 0 ? <div><Badge tone="warn">{t("files_missing", { n: count(missing) })}</Badge></div> : null}
    </span>
  );
}

function Result({ flight }: { flight: Flight }) {
  const run = flight.latest_run;
  if (!run) return <span class="soft">{t("no_run_yet")}</span>;
  return <a href={`/runs/${run.id}`} class="row"><RunBadge state={run.state} />{run.state === "done" ? t("open_map") : null}</a>;
}

/** "2026-11-22 16:04" is a better first idea of a name than nothing. */
function today(): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} `;
}

function NewFlight({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(today);
  const [site, setSite] = useState("");
  const [note, setNote] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    const flight = await post<Flight>("/api/flights", { name: name.trim(), site, note });
    navigate(`/flights/${flight.id}`);
  });
  return (
    <Dialog title={t("new_flight")} onClose={onClose}>
      <Form onSubmit={send}>
        <TextField label={t("flight_name")} hint={t("flight_name_hint")} value={name} onInput={setName} required maxLength={200} autofocus />
        <TextField label={t("site")} hint={t("flight_site_hint")} value={site} onInput={setSite} maxLength={200} />
        <TextField label={t("flight_note")} value={note} onInput={setNote} lines={3} maxLength={5000} />
        <Failure why={action.error} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={action.busy}>{t("create_and_upload")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
