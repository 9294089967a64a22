import { useState } from "preact/hooks";
import { post } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { setSession } from "../session";
import type { AuthState } from "../types";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { Failure } from "../ui/Note";
import { Form, Head } from "./parts";

/** Signing in keeps the address, so that somebody whose session ended goes on where they were. */
export function SignInPage() {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    setSession(await post<AuthState>("/auth/sign-in", { login, password }));
  });
  return (
    <>
      <Head title={t("sign_in")} text={t("sign_in_text")} />
      <Form onSubmit={send}>
        <TextField label={t("login")} value={login} onInput={setLogin} autocomplete="username" required autofocus />
        <TextField label={t("password")} type="password" value={password} onInput={setPassword} autocomplete="current-password" required />
        <Failure why={action.error} />
        <Button type="submit" kind="primary" busy={action.busy}>{t("sign_in")}</Button>
        <p class="soft small">{t("sign_in_help")}</p>
      </Form>
    </>
  );
}
