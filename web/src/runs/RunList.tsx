// The searches of a flight: the latest in full, earlier ones as lines.

import { count } from "../format";
import { t } from "../i18n";
import type { Run } from "../types";
import { Table, type Column } from "../ui/Table";
import { Time } from "../ui/Time";
import { RunBadge } from "./RunBadge";
import { RunProgress } from "./RunProgress";

interface RunListProps {
  runs: Run[];
  onChange: () => void;
}

export function RunList({ runs, onChange }: RunListProps) {
  const [latest, ...earlier] = runs;
  if (!latest) return null;
  return (
    <>
      <RunProgress key={latest.id} run={latest} onChange={onChange} />
      {earlier.length ? (
        <details>
          <summary>{t("earlier_runs", { n: count(earlier.length) })}</summary>
          <Table caption={t("runs_title")} columns={columns()} rows={earlier} keyOf={(run) => run.id} />
        </details>
      ) : null}
    </>
  );
}

function columns(): Column<Run>[] {
  return [
    { title: t("run_begun"), cell: (run) => <Time at={run.created_at} twoLines /> },
    { title: t("created_by"), cell: (run) => run.created_by.name },
    { title: t("state"), cell: (run) => <RunBadge state={run.state} /> },
    { title: t("result"), cell: (run) => <>{run.state === "done" ? t("run_hits", { n: count(run.counts?.["hits"] ?? 0) }) : ""} <a href={`/runs/${run.id}`}>{t("open_map")}</a></> },
  ];
}
