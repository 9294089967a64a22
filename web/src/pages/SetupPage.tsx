// The first start: whoever has the link of the server's window founds the organisation and becomes its administrator.

import { useState } from "preact/hooks";
import { post } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { navigate } from "../router";
import { setSession } from "../session";
import type { AuthState } from "../types";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { Failure, Note } from "../ui/Note";
import { Form, Head, NewPassword } from "./parts";

export function SetupPage() {
  const [token] = useState(() => location.hash.slice(1));
  return (
    <>
      <Head title={t("setup_title")} text={t("setup_text")} />
      {token ? <SetupForm token={token} /> : <Note tone="warn">{t("setup_no_token")}</Note>}
    </>
  );
}

function SetupForm({ token }: { token: string }) {
  const [organisation, setOrganisation] = useState("");
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    if (password !== again) return;
    setSession(await post<AuthState>("/auth/setup", { token, organisation, name, login, password }));
    navigate("/", true);
  });
  return (
    <Form onSubmit={send}>
      <TextField label={t("organisation")} hint={t("organisation_hint")} value={organisation} onInput={setOrganisation} required maxLength={100} autofocus />
      <TextField label={t("your_name")} value={name} onInput={setName} autocomplete="name" required maxLength={100} />
      <TextField label={t("login")} hint={t("login_hint")} value={login} onInput={setLogin} autocomplete="username" required maxLength={64} />
      <NewPassword first={password} second={again} onFirst={setPassword} onSecond={setAgain} />
      <Failure why={action.error} />
      <Button type="submit" kind="primary" busy={action.busy}>{t("setup_button")}</Button>
    </Form>
  );
}
