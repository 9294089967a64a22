// What stands behind the chosen hit: pictures, place, error, times, hashes, and what officers said of it.
import { round } from "../format";
import { t } from "../i18n";
import { className, classColour } from "../run/classes";
import { openPhoto, select, startMoving } from "../run/state";
import type { Hit } from "../types";
import { Badge, Failure } from "../ui/Note";
import { Time } from "../ui/Time";
import { contextUrl, cropUrl } from "./calls";
import { CopyButton } from "./CopyButton";
import { detailError } from "./detail";
import { History } from "./History";
import { Icon } from "./icons";
import { bestView } from "./opening";
import "./photo.css";
import { Places } from "./Places";
import { ReviewBar } from "./ReviewBar";
import type { Evidence, HitDetail } from "./types";
import { useHit } from "./useHit";
import { Views } from "./Views";
import { hitName, metres, verdictWord } from "./words";

interface PanelProps {
  hit: Hit;
}

const TONES = { open: "", confirmed: "good", rejected: "bad", added: "busy" } as const;

export function EvidencePanel({ hit }: PanelProps) {
  const { id } = hit.properties;
  const found = useHit(id);
  return (
    <section class="evidence" aria-label={t("photo_evidence_of", { hit: hitName(hit.properties) })} data-hit={id}>
      <Head hit={hit} />
      <ReviewBar hit={hit} onMove={() => startMoving(id)} />
      <Failure why={detailError.value} />
      {found ? <Pictures hit={found} /> : null}
      <section><h3>{t("photo_place")}</h3><Error hit={hit} />{found ? <Places places={found.places} /> : null}</section>
      {found ? <Rest hit={found} /> : null}
      {found || detailError.value ? null : <p class="soft" role="status">{t("loading")}</p>}
    </section>
  );
}

function Head({ hit }: PanelProps) {
  const { n, class: label, verdict, origin, confidence, moved, reclassed } = hit.properties;
  return (
    <header class="evidence-head">
      <span class="class-dot large" style={{ background: classColour(label) }} />
      <div class="grow">
        <h2>#{n} {className(label)}</h2>
        <div class="row small">
          <Badge tone={TONES[verdict]}>{t(verdictWord(verdict))}</Badge>
          <span>{t(origin === "officer" ? "photo_origin_officer" : "photo_origin_model")}</span>
          {origin === "model" ? <span>{t("confidence")} {round(confidence, 2)}</span> : null}
          {moved ? <Badge>{t("photo_verdict_moved")}</Badge> : null}
          {reclassed ? <Badge>{t("photo_verdict_reclassed")}</Badge> : null}
        </div>
      </div>
      <button type="button" class="button quiet little" aria-label={t("close")} onClick={() => select(null)}><Icon name="close" /></button>
    </header>
  );
}

function Pictures({ hit }: { hit: HitDetail }) {
  const best = bestView(hit);
  const open = (): void => void (best && openPhoto(best.k, hit.properties.id));
  const { id, reviewed_at } = hit.properties;
  const fresh = reviewed_at ? `?of=${encodeURIComponent(reviewed_at)}` : "";
  return (
    <section>
      <button type="button" class="crop" disabled={!best} onClick={open} aria-label={t("photo_open_at_hit")}>
        <img src={cropUrl(id) + fresh} alt={t("photo_crop_of", { hit: hitName(hit.properties) })} />
      </button>
      <details class="context">
        <summary>{t("context")}</summary>
        <button type="button" class="crop" disabled={!best} onClick={open} aria-label={t("photo_open_at_hit")}>
          <img src={contextUrl(id) + fresh} alt={t("photo_context_of", { hit: hitName(hit.properties) })} loading="lazy" />
        </button>
      </details>
      <h3>{t("photo_all_views", { count: hit.evidence.length })}</h3>
      <Views hit={hit} />
    </section>
  );
}

function Error({ hit }: { hit: Hit }) {
  const { r90_m, ellipse } = hit.properties;
  return (
    <p>
      <strong>{t("photo_r90", { radius: metres(r90_m) })}</strong>
      {ellipse ? (
        <span class="soft small note-line">
          {t("photo_ellipse", { long: metres(ellipse[0]), short: metres(ellipse[1]), azimuth: round(ellipse[2], 0) })}
        </span>
      ) : null}
    </p>
  );
}

function Rest({ hit }: { hit: HitDetail }) {
  const { first_seen, last_seen, assumed, id } = hit.properties;
  const assumptions = typeof assumed === "string" ? [assumed].filter(Boolean) : assumed;
  return (
    <>
      <section>
        <h3>{t("photo_times")}</h3>
        <dl class="facts">
          <dt>{t("first_seen")}</dt><dd><Time at={first_seen} twoLines /></dd>
          {last_seen === first_seen ? null : <><dt>{t("last_seen")}</dt><dd><Time at={last_seen} twoLines /></dd></>}
          <Moving hit={hit} />
          <dt>{t("assumed")}</dt><dd>{assumptions.length ? assumptions.map(assumption).join("；") : t("none")}</dd>
          <dt>{t("id")}</dt><dd class="mono">{id} <CopyButton text={id} what={t("id")} /></dd>
        </dl>
      </section>
      <section>
        <h3>{t("photo_history")}</h3>
        <History entries={hit.history} />
      </section>
      <details>
        <summary>{t("photo_hashes")}</summary>
        <Hashes views={hit.evidence} />
      </details>
    </>
  );
}

function Moving({ hit }: { hit: HitDetail }) {
  const { moving_mps: speed, drifting } = hit.seen_moving;
  return (
    <>
      {speed === undefined ? null : <><dt>{t("moving")}</dt><dd>{round(speed, 1)} m/s</dd></>}
      {drifting === undefined ? null : <><dt>{t("drifting")}</dt><dd>{round(100 * drifting, 0)} %</dd></>}
    </>
  );
}

function assumption(name: string): string {
  return name === "attitude" ? t("photo_assumed_attitude") : name;
}

function Hashes({ views }: { views: readonly Evidence[] }) {
  const files = [...new Map(views.filter((view) => view.sha256).map((view) => [view.sha256, view.source]))];
  return (
    <dl class="facts hashes">
      {files.map(([sha256, source]) => (
        <div key={sha256} class="pair">
          <dt class="wrap">{source}</dt>
          <dd class="mono">{sha256.slice(0, 12)}… <CopyButton text={sha256} what={`SHA-256 ${source}`} /></dd>
        </div>
      ))}
    </dl>
  );
}
