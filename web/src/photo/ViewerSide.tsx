import { t } from "../i18n";
import { classColour, className } from "../run/classes";
import { hitById, select, selected } from "../run/state";
import type { Hit } from "../types";
import { Badge } from "../ui/Note";
import { marking } from "./marking";
import { MarkPanel } from "./MarkPanel";
import { PhotoFacts } from "./PhotoFacts";
import { ReviewBar } from "./ReviewBar";
import { useHit } from "./useHit";
import { beginMove, boxes, numbers, photo, toHit } from "./viewer";
import { Views } from "./Views";
import { metres, verdictWord } from "./words";

const TONES = { open: "", confirmed: "good", rejected: "bad", added: "busy" } as const;

/** Beside the photo: the point being marked, else the chosen hit, the other hits of this photo, and the photo itself. */
export function ViewerSide() {
  const mark = marking.value;
  if (mark) return <div class="photo-side marking"><MarkPanel mark={mark} /></div>;
  const hit = hitById(selected.value);
  return (
    <div class="photo-side" role="complementary" aria-label={t("photo_side")}>
      {hit ? <Chosen key={hit.properties.id} hit={hit} /> : null}
      <HitsHere />
      {photo.value ? <PhotoFacts photo={photo.value} /> : null}
    </div>
  );
}

function Chosen({ hit }: { hit: Hit }) {
  const { id, n, class: label, verdict, r90_m } = hit.properties;
  const found = useHit(id);
  return (
    <section class="stack tight">
      <h2>
        <span class="class-dot" style={{ background: classColour(label) }} /> #{n} {className(label)}{" "}
        <Badge tone={TONES[verdict]}>{t(verdictWord(verdict))}</Badge>
      </h2>
      <p class="small">{t("photo_r90", { radius: metres(r90_m) })}</p>
      <ReviewBar hit={hit} onMove={beginMove} />
      {found ? (
        <>
          <h3>{t("photo_all_views", { count: found.evidence.length })}</h3>
          <Views hit={found} k={photo.value?.k ?? null} />
        </>
      ) : null}
    </section>
  );
}

function HitsHere() {
  const list = [...new Map(boxes.value.map((box) => [box.hit, box])).values()];
  function choose(id: string): void {
    select(id);
    toHit();
  }
  return (
    <section>
      <h3>{t("photo_here")}</h3>
      {list.length ? null : <p class="soft small">{t("photo_none_here")}</p>}
      <ul class="hits-here">
        {list.map((box) => (
          <li key={box.hit}>
            <button type="button" class="hit-here" aria-pressed={box.hit === selected.value} onClick={() => choose(box.hit)}>
              <span class="class-dot" style={{ background: classColour(box.class) }} />
              <span class="grow">#{numbers.value.get(box.hit) ?? "?"} {className(box.class)}</span>
              <Badge tone={TONES[box.verdict]}>{t(verdictWord(box.verdict))}</Badge>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
