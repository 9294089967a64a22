import { signal } from "@preact/signals";
import { round } from "../format";
import { t } from "../i18n";
import { hitById } from "../run/state";
import { TextField } from "../ui/Field";
import { ClassPicker } from "./ClassPicker";
import { Icon } from "./icons";
import { chooseLabel, goFurther, marking, moveAim, setComment, setPoint, stopMarking, type Marking } from "./marking";
import type { XY } from "./types";
import { keepInView } from "./viewer";
import { hitName, metres } from "./words";

/** What is asked while a point is marked: where, what, and a comment. */
export function MarkPanel({ mark }: { mark: Marking }) {
  const moved = hitById(mark.hit);
  return (
    <section class="mark-panel stack tight" aria-label={t("photo_mark")}>
      <h2>{moved ? t("photo_mark_move", { hit: hitName(moved.properties) }) : t("photo_mark_new")}</h2>
      <Where mark={mark} />
      <FineAdjust />
      {moved ? null : <ClassPicker value={mark.label} onPick={chooseLabel} disabled={mark.saving} />}
      {moved ? null : (
        <div onKeyDown={onNoteKey}>
          <TextField label={t("photo_mark_note")} lines={2} value={mark.comment} onInput={setComment} maxLength={5000} />
        </div>
      )}
      <div class="row finish">
        {mark.set ? (
          <button type="button" class="button primary" disabled={mark.saving} onClick={() => void goFurther()}>
            {t(mark.saving ? "photo_mark_saving" : "photo_mark_save")} <kbd>Enter</kbd>
          </button>
        ) : (
          <button type="button" class="button primary" onClick={() => setPoint()}>{t("photo_mark_set")} <kbd>Enter</kbd></button>
        )}
        <button type="button" class="button" onClick={stopMarking}>{t("cancel")} <kbd>Esc</kbd></button>
      </div>
    </section>
  );
}

/** Enter saves; with Shift it begins a line. */
function onNoteKey(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void goFurther();
}

/** The place below the point as it is found, or why there is none. */
function Where({ mark }: { mark: Marking }) {
  const { aim, set, located, refusal } = mark;
  return (
    <div class="where">
      {set ? <p class="number small soft">{t("photo_mark_point", { x: round(aim[0], 1), y: round(aim[1], 1) })}</p> : <p>{t("photo_mark_first")}</p>}
      <div aria-live="polite">
        {located ? (
          <>
            <p class="number">{t("photo_mark_at", { lat: round(located.at[1], 7), lon: round(located.at[0], 7) })}</p>
            <p><strong>{t("photo_r90", { radius: metres(located.r90_m) })}</strong></p>
          </>
        ) : null}
        {set && !located && !refusal ? <p class="soft">{t("photo_mark_asking")}</p> : null}
        {refusal ? <p class="note bad" role="alert">{refusal}</p> : null}
      </div>
    </div>
  );
}

const fineStep = signal(1);
const STEPS = [1, 10, 50] as const;
const PAD: readonly [XY, "left" | "right" | "up" | "down"][] = [
  [[0, -1], "up"],
  [[-1, 0], "left"],
  [[1, 0], "right"],
  [[0, 1], "down"],
];

/** Four arrows, for fingers that hide what they touch. */
function FineAdjust() {
  function move([dx, dy]: XY): void {
    moveAim([dx * fineStep.value, dy * fineStep.value]);
    if (marking.value) keepInView(marking.value.aim);
  }
  return (
    <div class="fine" role="group" aria-label={t("photo_fine")}>
      <div class="pad">
        {PAD.map(([way, name]) => (
          <button key={name} type="button" class={`button little ${name}`} aria-label={t(`photo_fine_${name}`)} onClick={() => move(way)}>
            <Icon name={name} />
          </button>
        ))}
      </div>
      <div class="row small" role="group" aria-label={t("photo_fine_step")}>
        {STEPS.map((px) => (
          <button key={px} type="button" class="button little" aria-pressed={fineStep.value === px} onClick={() => { fineStep.value = px; }}>
            {px} px
          </button>
        ))}
      </div>
    </div>
  );
}
