// A run that is due or under way: how far, what it has found so far, its log; and its end.

import { useEffect, useState } from "preact/hooks";
import { post, text } from "../api";
import { classWord, maybe, problem, t } from "../i18n";
import { count, percent } from "../format";
import { can } from "../session";
import type { Run } from "../types";
import { Button } from "../ui/Button";
import { agree } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { Progress } from "../ui/Progress";
import { RunBadge } from "./RunBadge";
import { watchRun } from "./watch";

interface RunProps {
  run: Run;
  onChange: () => void;
}

const OPEN = new Set(["queued", "running"]);
const LOG_LINES = 400;

interface Live {
  run: Run;
  found: Map<string, number>;
  connected: boolean;
  log: string[];
}

function useLive(first: Run, onEnd: () => void): Live {
  const [live, setLive] = useState<Live>({ run: first, found: new Map(), connected: true, log: [] });
  useEffect(() => {
    setLive((was) => ({ ...was, run: { ...was.run, ...first } }));
    if (!OPEN.has(first.state)) return undefined;
    return watchRun(first.id, {
      onProgress: (progress) => {
        setLive((was) => ({ ...was, run: { ...was.run, ...progress } }));
        if (!OPEN.has(progress.state)) onEnd();
      },
      onFinding: (finding) => setLive((was) => ({ ...was, found: new Map(was.found).set(finding.class, (was.found.get(finding.class) ?? 0) + 1) })),
      onLog: (line) => setLive((was) => ({ ...was, log: [...was.log, line].slice(-LOG_LINES) })),
      onLine: (connected) => setLive((was) => ({ ...was, connected })),
    });
  }, [first.id, first.state, first.attempts]);
  return live;
}

export function RunProgress({ run: first, onChange }: RunProps) {
  const { run, found, connected, log } = useLive(first, onChange);
  const working = OPEN.has(run.state);
  return (
    <div class="stack" data-run={run.state}>
      <div class="row apart">
        <div class="row"><RunBadge state={run.state} /><span>{working ? stageLine(run) : endLine(run)}</span></div>
        <Actions run={run} working={working} onChange={onChange} />
      </div>
      {working ? <Progress done={run.done} total={run.state === "running" ? run.total : 0} label={t("run_progress")} /> : null}
      {working && !connected ? <Note tone="warn">{t("run_line_lost")}</Note> : null}
      {run.state === "failed" ? <Note tone="bad">{failure(run)}</Note> : null}
      {working ? <Found found={found} /> : null}
      <Log id={run.id} live={log} working={working} />
    </div>
  );
}

function stageLine(run: Run): string {
  if (run.state === "queued") return t("run_queued_text");
  const stage = maybe(`stage_${run.stage}`);
  const shown = stage === `stage_${run.stage}` ? t("stage_other") : stage;
  return run.total > 0 ? `${shown} · ${count(run.done)} / ${count(run.total)} · ${percent(run.done, run.total)}` : shown;
}

function endLine(run: Run): string {
  const hits = run.counts?.["hits"];
  return run.state === "done" && hits !== undefined ? t("run_hits", { n: count(hits) }) : "";
}

function failure(run: Run): string {
  const code = (run as { error_code?: string }).error_code ?? "";
  return problem(code, run.error || t("run_failed_unknown"));
}

function Found({ found }: { found: ReadonlyMap<string, number> }) {
  if (!found.size) return <p class="soft small">{t("found_none_yet")}</p>;
  const parts = [...found].map(([label, n]) => `${classWord(label)} ${count(n)}`);
  return <p role="status">{t("found_so_far", { list: parts.join(" · ") })}</p>;
}

function Actions({ run, working, onChange }: RunProps & { working: boolean }) {
  async function act(what: "cancel" | "retry"): Promise<void> {
    if (what === "cancel" && !(await agree(t("run_cancel_title"), t("run_cancel_text"), t("run_cancel")))) return;
    await post(`/api/runs/${run.id}/${what}`);
    onChange();
  }
  const again = run.state === "failed" || run.state === "cancelled";
  return (
    <div class="row">
      {run.state === "done" || run.state === "running" ? <a class="button primary" href={`/runs/${run.id}`}>{t("open_map")}</a> : null}
      {working && can("run") ? <Button kind="danger" onClick={() => act("cancel")}>{t("run_cancel")}</Button> : null}
      {again && can("run") ? <Button onClick={() => act("retry")}>{t("run_retry")}</Button> : null}
    </div>
  );
}

function Log({ id, live, working }: { id: string; live: string[]; working: boolean }) {
  const [old, setOld] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isOpen) text(`/api/runs/${id}/log`).then(setOld, () => setOld(""));
  }, [isOpen, working]);
  const shown = working && live.length ? live.join("\n") : (old ?? "");
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("run_log")}</summary>
      <pre class="log" tabIndex={0} aria-label={t("run_log")}>{shown || t("log_empty")}</pre>
    </details>
  );
}
