import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Common {
  label: string;
  hint?: string;
  wrong?: string;
  disabled?: boolean;
}

interface TextProps extends Common {
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "number" | "url";
  autocomplete?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  step?: number | "any";
  placeholder?: string;
  list?: string;
  lines?: number;
  autofocus?: boolean;
}

interface ShellProps extends Common {
  id: string;
  children: ComponentChildren;
}

function Shell({ id, label, hint, wrong, children }: ShellProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {wrong ? <span class="wrong" id={`${id}-wrong`}>{wrong}</span> : null}
      {hint ? <span class="hint" id={`${id}-hint`}>{hint}</span> : null}
    </div>
  );
}

function described(id: string, { hint, wrong }: Common): string | undefined {
  return [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
}

/** A labelled line of text, or several with `lines`. */
export function TextField(props: TextProps) {
  const id = useId();
  const { label: _label, hint: _hint, wrong, value, onInput, lines, type = "text", ...rest } = props;
  const shared = {
    id, class: "input", value, "aria-invalid": wrong ? true : undefined, "aria-describedby": described(id, props),
    onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value), ...rest,
  };
  return (
    <Shell id={id} {...props}>
      {lines ? <textarea rows={lines} {...(shared as object)} /> : <input {...({ type, ...shared } as object)} />}
    </Shell>
  );
}

export type Choice = [value: string, text: string];

interface SelectProps extends Common {
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
}

export function SelectField(props: SelectProps) {
  const id = useId();
  const { value, choices, onChange, disabled } = props;
  return (
    <Shell id={id} {...props}>
      <select
        id={id} class="input" value={value} disabled={disabled} aria-describedby={described(id, props)}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {choices.map(([key, text]) => <option key={key} value={key} selected={key === value}>{text}</option>)}
      </select>
    </Shell>
  );
}

interface CheckProps extends Common {
  value: boolean;
  onChange: (value: boolean) => void;
}

export function CheckField(props: CheckProps) {
  const id = useId();
  return (
    <div class="field">
      <div class="check">
        <input
          id={id} type="checkbox" checked={props.value} disabled={props.disabled} aria-describedby={described(id, props)}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
        <label for={id}>{props.label}</label>
      </div>
      {props.hint ? <span class="hint" id={`${id}-hint`}>{props.hint}</span> : null}
    </div>
  );
}
