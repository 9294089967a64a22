// Who did what, when, to which thing: the latest first.

import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { maybe, t } from "../i18n";
import type { AuditEvent } from "../types";
import { Button } from "../ui/Button";
import { Empty, Failure } from "../ui/Note";
import { Table, type Column } from "../ui/Table";
import { Time } from "../ui/Time";
import { Head } from "./parts";

const PAGE = 100;

export default function AuditPage() {
  const [events, setEvents] = useState<AuditEvent[] | null>(null);
  const [more, setMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function load(before: AuditEvent[]): Promise<void> {
    try {
      const last = before.at(-1);
      const page = await get<{ events: AuditEvent[] }>(`/api/audit?limit=${PAGE}${last ? `&before=${last.id}` : ""}`);
      setEvents([...before, ...page.events]);
      setMore(page.events.length === PAGE);
      setError(null);
    } catch (why) {
      setError(why);
    }
  }
  useEffect(() => void load([]), []);
  return (
    <>
      <Head title={t("audit_log")} text={t("audit_text")}><Button onClick={() => load([])}>{t("refresh")}</Button></Head>
      <div class="stack">
        <Failure why={error} />
        {events?.length ? <Table caption={t("audit_log")} columns={columns()} rows={events} keyOf={(event) => event.id} /> : null}
        {events?.length === 0 ? <Empty title={t("audit_empty")} /> : null}
        {events && more ? <div><Button onClick={() => load(events)}>{t("audit_older")}</Button></div> : null}
      </div>
    </>
  );
}

function columns(): Column<AuditEvent>[] {
  return [
    { title: t("audit_at"), cell: (event) => <Time at={event.at} twoLines /> },
    { title: t("audit_who"), cell: (event) => event.user ? <>{event.user.name}<div class="soft small">{event.user.login}</div></> : t("audit_nobody") },
    { title: t("audit_action"), cell: (event) => action(event.action) },
    { title: t("audit_subject"), cell: (event) => <Subject subject={event.subject} /> },
    { title: t("audit_detail"), cell: (event) => <Detail detail={event.detail} /> },
  ];
}

function action(name: string): string {
  const word = maybe(`did_${name}`);
  return word === `did_${name}` ? name : word;
}

/** "run/ID/hits/ID" leads to the run, "flight/ID" to the flight. */
function Subject({ subject }: { subject: string }) {
  const [kind = "", id = "", ...rest] = subject.split("/");
  if (!kind) return null;
  const shown = [kindWord(kind), id, ...rest.map(kindWord)].filter(Boolean).join(" ");
  const page = { run: "runs", flight: "flights" }[kind];
  return page && id ? <a class="small wrap" href={`/${page}/${id}`}>{shown}</a> : <span class="small wrap">{shown}</span>;
}

function kindWord(kind: string): string {
  const word = maybe(`kind_${kind}`);
  return word === `kind_${kind}` ? kind : word;
}

function Detail({ detail }: { detail: Record<string, unknown> }) {
  const parts = Object.entries(detail ?? {}).map(([key, value]) => `${maybe(key)}: ${told(key, value)}`);
  return <span class="small mono">{parts.join("\n")}</span>;
}

function told(key: string, value: unknown): string {
  if (typeof value === "object") return JSON.stringify(value);
  const word = maybe(`${key}_${String(value)}`); // a role by its name
  return word === `${key}_${String(value)}` ? String(value) : word;
}
