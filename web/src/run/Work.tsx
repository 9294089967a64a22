// How far the search is, while there is no result yet; or why there will be none.
import { post } from "../api";
import { percent } from "../format";
import { maybe, t } from "../i18n";
import { can } from "../session";
import type { Run } from "../types";
import { Button } from "../ui/Button";
import { agree } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { Progress } from "../ui/Progress";
import { failures, loaded, streamLost } from "./loading";
import { hits, run } from "./state";

interface WorkProps {
  onAgain: () => void; // look at the run from the beginning
}

export function Work({ onAgain }: WorkProps) {
  const now = run.value;
  const troubles = failures.value.map((text) => <Note key={text} tone="bad">{text}</Note>);
  if (now === null) return <div class="work">{troubles.length > 0 ? <>{troubles}<a class="button little" href="/">{t("to_flights")}</a></> : <p class="soft" role="status">{t("map_loading")}</p>}</div>;
  if (now.state === "done") return <div class="work">{troubles}{loaded.value ? null : <p class="soft small" role="status">{t("map_loading")}</p>}</div>;
  if (now.state === "failed" || now.state === "cancelled") return <Ended now={now} onAgain={onAgain} />;
  return <Going now={now} onAgain={onAgain} />;
}

function Going({ now, onAgain }: WorkProps & { now: Run }) {
  const found = hits.value.features.length;
  const stage = now.state === "queued" ? t("map_state_queued") : maybe(`map_stage_${now.stage || "plan"}`);
  async function cancel(): Promise<void> {
    if (!(await agree(t("map_cancel_run"), t("map_cancel_sure"), t("map_cancel_run")))) return;
    await post(`/api/runs/${now.id}/cancel`);
    onAgain();
  }
  return (
    <section class="work" aria-label={t("map_progress")}>
      <div class="row apart">
        <b>{stage.startsWith("map_stage_") ? t("map_state_running") : stage}</b>
        <span class="number small soft">{now.total > 0 ? `${now.done} / ${now.total} · ${percent(now.done, now.total)}` : ""}</span>
      </div>
      <Progress done={now.done} total={now.total} label={t("map_progress")} />
      {now.state === "queued" ? <p class="small soft">{t("map_queued_text")}</p> : null}
      {found > 0 ? <p class="small" role="status">{t("map_first_findings", { count: found })}</p> : null}
      {streamLost.value ? <p class="small map-unseen" role="status">{t("map_stream_lost")}</p> : null}
      {can("run") ? <Button little onClick={cancel}>{t("map_cancel_run")}</Button> : null}
    </section>
  );
}

function Ended({ now, onAgain }: WorkProps & { now: Run }) {
  async function retry(): Promise<void> {
    await post(`/api/runs/${now.id}/retry`);
    onAgain();
  }
  return (
    <section class="work">
      <Note tone={now.state === "failed" ? "bad" : "warn"}>
        {now.state === "failed" ? t("map_failed_text", { why: now.error }) : t("map_cancelled_text")}
      </Note>
      <div class="row">
        {can("run") ? <Button kind="primary" little onClick={retry}>{t("map_retry")}</Button> : null}
        <a class="button little" href={`/api/runs/${now.id}/log`} target="_blank" rel="noopener">{t("map_log")}</a>
      </div>
    </section>
  );
}
