// A modal dialog of the browser's own kind: it keeps the focus, closes with Escape, and hides the rest.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "./Button";

interface DialogProps {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const opener = useRef(document.activeElement); // seen before anything in the dialog takes the focus
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (opener.current instanceof HTMLElement) opener.current.focus();
    };
  }, []);
  return (
    <dialog
      ref={box} class="dialog" aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
    >
      <div class="inside">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  yes: string;
  danger: boolean;
  answer: (agreed: boolean) => void;
}

const asked = signal<Question | null>(null);

/** Ask before something that cannot be taken back; true when the person agrees. */
export function agree(title: string, text: string, yes: string, danger = true): Promise<boolean> {
  return new Promise((answer) => {
    asked.value?.answer(false);
    asked.value = { title, text, yes, danger, answer };
  });
}

function settle(agreed: boolean): void {
  const question = asked.value;
  asked.value = null;
  question?.answer(agreed);
}

/** Where `agree` shows its question; once in the page. */
export function Questions() {
  const question = asked.value;
  if (!question) return null;
  return (
    <Dialog title={question.title} onClose={() => settle(false)}>
      <p>{question.text}</p>
      <div class="actions">
        <Button onClick={() => settle(false)}>{t("cancel")}</Button>
        <Button kind={question.danger ? "danger" : "primary"} onClick={() => settle(true)}>{question.yes}</Button>
      </div>
    </Dialog>
  );
}
