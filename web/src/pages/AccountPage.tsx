// One's own password and keys for notebooks.

import { useState } from "preact/hooks";
import { post, remove } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { useLoad } from "../load";
import { can, user } from "../session";
import type { Token } from "../types";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { agree } from "../ui/Dialog";
import { CheckField, SelectField, TextField } from "../ui/Field";
import { Failure, Note } from "../ui/Note";
import { Table, type Column } from "../ui/Table";
import { Time } from "../ui/Time";
import { toast } from "../ui/Toast";
import { Form, Head, NewPassword } from "./parts";

export default function AccountPage() {
  const me = user.value;
  if (!me) return null;
  return (
    <>
      <Head title={t("account")} />
      <div class="stack">
        <section class="panel" aria-label={t("account")}>
          <dl class="facts">
            <dt>{t("person_name")}</dt><dd>{me.name}</dd>
            <dt>{t("login")}</dt><dd>{me.login}</dd>
            <dt>{t("role")}</dt><dd>{t(`role_${me.role}` as const)}</dd>
            <dt>{t("organisation")}</dt><dd>{me.organisation.name}</dd>
          </dl>
        </section>
        <Password />
        {can("tokens") ? <Tokens /> : null}
      </div>
    </>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    if (first !== second) return;
    await post("/api/me/password", { old, new: first });
    for (const clear of [setOld, setFirst, setSecond]) clear("");
    toast(t("password_changed"));
  });
  return (
    <section class="panel stack" aria-labelledby="password-title">
      <h2 id="password-title">{t("change_password")}</h2>
      <Form onSubmit={send}>
        <div class="fields">
          <TextField label={t("old_password")} type="password" value={old} onInput={setOld} autocomplete="current-password" required />
          <NewPassword first={first} second={second} onFirst={setFirst} onSecond={setSecond} />
        </div>
        <Failure why={action.error} />
        <div><Button type="submit" kind="primary" busy={action.busy}>{t("change_password")}</Button></div>
      </Form>
    </section>
  );
}

function Tokens() {
  const { data, error, reload } = useLoad<{ tokens: Token[] }>("/api/tokens");
  const [made, setMade] = useState<Token | null>(null);
  const tokens = data?.tokens ?? [];
  function done(token: Token): void {
    setMade(token);
    reload();
  }
  return (
    <section class="panel stack" aria-labelledby="tokens-title">
      <h2 id="tokens-title">{t("tokens")}</h2>
      <p class="soft">{t("tokens_text")}</p>
      <Failure why={error} />
      {made?.token ? <Note tone="good"><p>{t("token_once")}</p><Copy text={made.token} /></Note> : null}
      {tokens.length ? <Table caption={t("tokens")} columns={columns(reload)} rows={tokens} keyOf={(token) => token.id} /> : null}
      <NewToken onMade={done} />
    </section>
  );
}

function scopesOf(token: Token): string {
  return t(String(token.scopes).includes("write") ? "scope_write" : "scope_read");
}

function columns(reload: () => void): Column<Token>[] {
  async function drop(token: Token): Promise<void> {
    if (!(await agree(t("token_delete_title"), t("token_delete_text", { name: token.name }), t("delete")))) return;
    await remove(`/api/tokens/${token.id}`);
    reload();
  }
  return [
    { title: t("token_name"), cell: (token) => token.name },
    { title: t("token_scope"), cell: scopesOf },
    { title: t("token_expires"), cell: (token) => <Time at={token.expires_at} /> },
    { title: t("token_used"), cell: (token) => <Time at={token.used_at} /> },
    { title: t("actions"), cell: (token) => <Button little kind="danger" label={t("delete_named", { name: token.name })} onClick={() => drop(token)}>{t("delete")}</Button>, end: true },
  ];
}

function NewToken({ onMade }: { onMade: (token: Token) => void }) {
  const [name, setName] = useState("");
  const [write, setWrite] = useState(false);
  const [days, setDays] = useState("90");
  const action = useAction();
  const send = () => action.run(async () => {
    const scopes = write ? ["read", "write"] : ["read"];
    onMade(await post<Token>("/api/tokens", { name, scopes, days: Number(days) }));
    setName("");
  });
  return (
    <Form onSubmit={send}>
      <div class="fields">
        <TextField label={t("token_name")} hint={t("token_name_hint")} value={name} onInput={setName} required maxLength={100} />
        <SelectField label={t("token_days")} value={days} onChange={setDays} choices={["7", "30", "90", "365"].map((n) => [n, t("days", { n })])} />
      </div>
      <CheckField label={t("token_write")} hint={t("token_write_hint")} value={write} onChange={setWrite} />
      <Failure why={action.error} />
      <div><Button type="submit" busy={action.busy}>{t("token_make")}</Button></div>
    </Form>
  );
}
