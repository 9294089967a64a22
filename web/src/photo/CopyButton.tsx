import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { copyText } from "../ui/copying";

interface CopyProps {
  text: string;
  what: string;
}

/** Copies `text`; says for a moment whether it did. `what` names it for those who hear the page. */
export function CopyButton({ text, what }: CopyProps) {
  const [state, setState] = useState<"" | "photo_copied" | "photo_not_copied">("");
  useEffect(() => {
    if (!state) return undefined;
    const timer = setTimeout(() => setState(""), 1_800);
    return () => clearTimeout(timer);
  }, [state]);
  async function copy(): Promise<void> {
    setState((await copyText(text)) ? "photo_copied" : "photo_not_copied");
  }
  return (
    <button type="button" class="copy" aria-label={`${t("photo_copy")} ${what}`} title={text} onClick={() => void copy()}>
      <span aria-live="polite">{t(state || "photo_copy")}</span>
    </button>
  );
}
