import { useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "./Button";
import { copyText } from "./copying";
import { toast } from "./Toast";

/** Text to be taken elsewhere: selected when it is entered, copied by a button, on plain http too. */
export function Copy({ text }: { text: string }) {
  const field = useRef<HTMLInputElement>(null);
  async function copy(): Promise<void> {
    const copied = await copyText(text);
    field.current?.select(); // there it can be copied by hand
    toast(t(copied ? "copied" : "photo_not_copied"), !copied);
  }
  return (
    <div class="row copy">
      <input ref={field} class="input mono grow" readOnly value={text} aria-label={t("copy_text")} onFocus={(event) => event.currentTarget.select()} />
      <Button onClick={copy}>{t("copy_text")}</Button>
    </div>
  );
}
