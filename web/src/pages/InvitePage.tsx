import { useState } from "preact/hooks";
import { post } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { navigate } from "../router";
import { setSession } from "../session";
import type { AuthState } from "../types";
import { Button } from "../ui/Button";
import { Failure, Note } from "../ui/Note";
import { Form, Head, NewPassword } from "./parts";

export function InvitePage() {
  const [token] = useState(() => location.hash.slice(1));
  return (
    <>
      <Head title={t("invite_title")} text={t("invite_text")} />
      {token ? <InviteForm token={token} /> : <Note tone="warn">{t("invite_no_token")}</Note>}
    </>
  );
}

function InviteForm({ token }: { token: string }) {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    if (password !== again) return;
    setSession(await post<AuthState>("/auth/invite", { token, password }));
    navigate("/", true);
  });
  return (
    <Form onSubmit={send}>
      <NewPassword first={password} second={again} onFirst={setPassword} onSecond={setAgain} />
      <Failure why={action.error} />
      <Button type="submit" kind="primary" busy={action.busy}>{t("invite_button")}</Button>
    </Form>
  );
}
