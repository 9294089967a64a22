// Pieces that several pages share.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { lang, t } from "../i18n";
import { TextField } from "../ui/Field";

interface HeadProps {
  title: string;
  text?: string;
  children?: ComponentChildren;
}

/** The title of a page, in the window's title too, with what can be done on its right. */
export function Head({ title, text, children }: HeadProps) {
  useEffect(() => { document.title = `${title} · 千里眼`; }, [title, lang.value]);
  return (
    <div class="page-head">
      <div class="grow"><h1 class="wrap">{title}</h1>{text ? <p>{text}</p> : null}</div>
      {children ? <div class="row">{children}</div> : null}
    </div>
  );
}

export const MIN_PASSWORD = 10;

interface PasswordsProps {
  first: string;
  second: string;
  onFirst: (value: string) => void;
  onSecond: (value: string) => void;
}

/** A new password, twice. */
export function NewPassword({ first, second, onFirst, onSecond }: PasswordsProps) {
  const differ = second !== "" && second !== first;
  return (
    <>
      <TextField
        label={t("new_password")} hint={t("password_rule", { n: MIN_PASSWORD })} type="password" value={first}
        onInput={onFirst} autocomplete="new-password" required minLength={MIN_PASSWORD} maxLength={200}
      />
      <TextField
        label={t("password_again")} type="password" value={second} onInput={onSecond} autocomplete="new-password"
        required {...(differ ? { wrong: t("passwords_differ") } : {})}
      />
    </>
  );
}

/** A form that is sent with Enter or its button, never by the browser itself. */
export function Form({ onSubmit, children }: { onSubmit: () => unknown; children: ComponentChildren }) {
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>{children}</form>
  );
}
