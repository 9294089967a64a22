import { useState } from "preact/hooks";
import { t } from "../i18n";
import { classColour, className } from "../run/classes";
import { TextField } from "../ui/Field";
import { classChoices, rememberClass } from "./classes";
import { asClassPath, isClassPath } from "./words";

interface PickerProps {
  value: string;
  onPick: (label: string) => void;
  disabled?: boolean;
}

/** Buttons for the classes, the first nine with their number keys, and a line for one of one's own. */
export function ClassPicker({ value, onPick, disabled }: PickerProps) {
  return (
    <div class="stack tight">
      <div class="class-buttons" role="group" aria-label={t("class")}>
        {classChoices().map((label, index) => (
          <button
            key={label} type="button" class="class-button" aria-pressed={label === value} disabled={disabled}
            title={label} onClick={() => onPick(label)}
          >
            <span class="class-dot" style={{ background: classColour(label) }} />
            <span class="wrap">{className(label)}</span>
            {index < 9 ? <kbd>{index + 1}</kbd> : null}
          </button>
        ))}
      </div>
      <OwnClass onPick={onPick} disabled={disabled} />
    </div>
  );
}

function OwnClass({ onPick, disabled }: Omit<PickerProps, "value">) {
  const [typed, setTyped] = useState("");
  const label = asClassPath(typed);
  const good = isClassPath(label);
  function take(): void {
    if (!good) return;
    rememberClass(label);
    setTyped("");
    onPick(label);
  }
  return (
    <details class="own-class">
      <summary>{t("photo_own_class")}</summary>
      <form class="stack tight" onSubmit={(event) => { event.preventDefault(); take(); }}>
        <TextField
          label={t("photo_class_path")} hint={t("photo_class_hint")} value={typed} onInput={setTyped} disabled={disabled}
          wrong={typed && !good ? t("photo_class_wrong") : undefined} maxLength={100}
        />
        <button type="submit" class="button little" disabled={!good || disabled}>{t("photo_class_take")}</button>
      </form>
    </details>
  );
}
