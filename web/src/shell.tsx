// What stands around every page: the bar with its links, the language switch, who is signed in.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { lang, setLang, t } from "./i18n";
import { navigate, path } from "./router";
import { can, session, signOut, user } from "./session";
import { Button } from "./ui/Button";
import { UploadBadge } from "./upload/UploadBadge";
import type { Word } from "./words";

const open = signal(false);

interface LinkProps {
  to: string;
  word: Word;
}

function Link({ to, word }: LinkProps) {
  const here = path.value === to || (to !== "/" && path.value.startsWith(`${to}/`)) || (to === "/flights" && path.value === "/");
  return <a href={to} class="bar-link" aria-current={here ? "page" : undefined}>{t(word)}</a>;
}

function Links() {
  return (
    <nav class="bar-links" aria-label={t("main_menu")} id="menu">
      <Link to="/flights" word="flights" />
      <Link to="/layers" word="own_layers" />
      {can("users") ? <Link to="/users" word="users" /> : null}
      {can("users") && user.value?.host ? <Link to="/organisations" word="organisations" /> : null}
      {can("users") ? <Link to="/settings" word="settings" /> : null}
      {can("audit") ? <Link to="/audit" word="audit_log" /> : null}
    </nav>
  );
}

function Language() {
  const other = lang.value === "zh" ? "en" : "zh";
  return (
    <button type="button" class="bar-link" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => setLang(other)}>
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

function Person() {
  async function leave(): Promise<void> {
    await signOut();
    navigate("/sign-in", true);
  }
  return (
    <div class="bar-person">
      <a href="/account" class="bar-link" aria-current={path.value === "/account" ? "page" : undefined} title={user.value?.organisation.name}>
        {user.value?.name}
      </a>
      <Button kind="quiet" little onClick={leave}>{t("sign_out")}</Button>
      <Language />
    </div>
  );
}

function Brand() {
  return (
    <a href="/" class="brand">
      <img src="/icon.svg" alt="" width="26" height="26" />
      <span lang="zh-CN">千里眼</span>
    </a>
  );
}

interface ShellProps {
  wide: boolean;
  children: ComponentChildren;
}

export function Shell({ wide, children }: ShellProps) {
  useEffect(() => { open.value = false; }, [path.value]);
  return (
    <div class={`shell ${wide ? "wide" : ""} ${open.value ? "open" : ""}`}>
      <a class="skip" href="#main">{t("skip_to_content")}</a>
      <header class="bar">
        <Brand />
        <button
          type="button" class="bar-link menu-button" aria-expanded={open.value} aria-controls="menu"
          onClick={() => { open.value = !open.value; }}
        >
          {t("menu")}
        </button>
        <Links />
        <UploadBadge />
        <Person />
      </header>
      <main id="main" tabIndex={-1}>{children}</main>
    </div>
  );
}

/** The page of somebody who has not signed in. */
export function Stranger({ children }: { children: ComponentChildren }) {
  return (
    <div class="stranger">
      <header class="stranger-bar"><Brand /><Language /></header>
      <main id="main" class="panel stranger-box">{children}</main>
      <footer class="soft small">{t("product_line")}{session.value ? ` · ${session.value.version}` : ""}</footer>
    </div>
  );
}
