// Organisations on this server, for administrators of the one that runs it.

import { useState } from "preact/hooks";
import { post } from "../api";
import { useAction } from "../action";
import { count } from "../format";
import { t } from "../i18n";
import { useLoad } from "../load";
import type { Organisation } from "../types";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { Badge, Failure } from "../ui/Note";
import { Table, type Column } from "../ui/Table";
import { Time } from "../ui/Time";
import { Form, Head } from "./parts";
import { Invitation } from "./UsersPage";

export default function OrganisationsPage() {
  const { data, error, reload } = useLoad<{ organisations: Organisation[] }>("/api/organisations");
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<Organisation | null>(null);
  function done(organisation: Organisation): void {
    setAdding(false);
    setMade(organisation);
    reload();
  }
  return (
    <>
      <Head title={t("organisations")} text={t("organisations_text")}>
        <Button kind="primary" onClick={() => setAdding(true)}>{t("new_organisation")}</Button>
      </Head>
      <div class="stack">
        <Failure why={error} />
        {data ? <Table caption={t("organisations")} columns={columns()} rows={data.organisations} keyOf={(each) => each.id} /> : null}
      </div>
      {adding ? <NewOrganisation onClose={() => setAdding(false)} onMade={done} /> : null}
      {made?.invitation ? <Invitation name={made.name} path={made.invitation} onClose={() => setMade(null)} /> : null}
    </>
  );
}

function columns(): Column<Organisation>[] {
  return [
    { title: t("organisation"), cell: (each) => <span class="row"><strong>{each.name}</strong>{each.host ? <Badge>{t("organisation_host")}</Badge> : null}</span> },
    { title: t("users"), cell: (each) => <span class="number">{count(each.users ?? 0)}</span> },
    { title: t("created_at"), cell: (each) => <Time at={each.created_at} twoLines /> },
  ];
}

function NewOrganisation({ onClose, onMade }: { onClose: () => void; onMade: (made: Organisation) => void }) {
  const [organisation, setOrganisation] = useState("");
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const action = useAction();
  const send = () => action.run(async () => {
    onMade(await post<Organisation>("/api/organisations", { name: organisation, administrator: { login, name } }));
  });
  return (
    <Dialog title={t("new_organisation")} onClose={onClose}>
      <Form onSubmit={send}>
        <TextField label={t("organisation")} value={organisation} onInput={setOrganisation} required maxLength={100} autofocus />
        <TextField label={t("administrator_name")} value={name} onInput={setName} required maxLength={100} />
        <TextField label={t("administrator_login")} hint={t("login_hint")} value={login} onInput={setLogin} autocomplete="off" required maxLength={100} />
        <Failure why={action.error} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={action.busy}>{t("organisation_make")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
