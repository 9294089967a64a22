// Every file of a flight as the server has it, a page at a time.

import { useState } from "preact/hooks";
import { get } from "../api";
import { bytes, count } from "../format";
import { problem, t } from "../i18n";
import type { Flight, StoredFile } from "../types";
import { Button } from "../ui/Button";
import { Badge, Failure } from "../ui/Note";
import { Table, type Column } from "../ui/Table";

const PAGE = 100;
const TONES = { waiting: "warn", uploading: "busy", checking: "busy", stored: "good", refused: "bad" } as const;

interface Page {
  files: StoredFile[];
  next: string | null;
}

export function FileList({ flight }: { flight: Flight }) {
  const [files, setFiles] = useState<StoredFile[]>([]);
  const [next, setNext] = useState<string | null>("");
  const [error, setError] = useState<unknown>(null);
  async function more(after: string, before: StoredFile[]): Promise<void> {
    try {
      const page = await get<Page>(`/api/flights/${flight.id}/files?limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
      setFiles([...before, ...page.files]);
      setNext(page.next);
      setError(null);
    } catch (why) {
      setError(why);
    }
  }
  if (!flight.files.count) return null;
  return (
    <details class="panel" onToggle={(event) => { if (event.currentTarget.open) void more("", []); }}>
      <summary>{t("all_files", { n: count(flight.files.count) })}</summary>
      <div class="stack">
        <Failure why={error} />
        <Table caption={t("files")} columns={columns()} rows={files} keyOf={(file) => file.id ?? file.path} />
        {next ? <div><Button little onClick={() => more(next, files)}>{t("show_more", { n: count(flight.files.count - files.length) })}</Button></div> : null}
      </div>
    </details>
  );
}

function columns(): Column<StoredFile>[] {
  return [
    { title: t("file_path"), cell: (file) => <span class="mono">{file.path}</span> },
    { title: t("file_size"), cell: (file) => <span class="number">{bytes(file.size)}</span>, end: true },
    { title: t("state"), cell: (file) => <State file={file} /> },
    { title: "SHA-256", cell: (file) => <span class="mono small" title={file.sha256 ?? ""}>{file.sha256 ? `${file.sha256.slice(0, 16)}…` : ""}</span> },
  ];
}

function State({ file }: { file: StoredFile }) {
  return (
    <>
      <Badge tone={TONES[file.state]}>{t(`file_${file.state}` as const)}</Badge>
      {file.reason ? <div class="small">{problem(file.reason, file.reason)}</div> : null}
    </>
  );
}
