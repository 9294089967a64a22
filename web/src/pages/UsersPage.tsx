// The people of one's organisation: invite them, give them roles, let them in or not.

import { useState } from "preact/hooks";
import { patch, post } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { useLoad } from "../load";
import { user } from "../session";
import type { Account, Role } from "../types";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { agree, Dialog } from "../ui/Dialog";
import { SelectField, TextField, type Choice } from "../ui/Field";
import { Badge, Failure } from "../ui/Note";
import { Table, type Column } from "../ui/Table";
import { Form, Head } from "./parts";

const ROLES: Role[] = ["administrator", "member", "analyst", "judge", "contestant"];

function roles(): Choice[] {
  return ROLES.map((role) => [role, t(`role_${role}` as const)]);
}

export default function UsersPage() {
  const { data, error, reload } = useLoad<{ users: Account[] }>("/api/users");
  const [adding, setAdding] = useState(false);
  const [invited, setInvited] = useState<Account | null>(null);
  function done(account: Account): void {
    setAdding(false);
    setInvited(account);
    reload();
  }
  return (
    <>
      <Head title={t("users")} text={t("users_text")}>
        <Button kind="primary" onClick={() => setAdding(true)}>{t("invite_user")}</Button>
      </Head>
      <div class="stack">
        <Failure why={error} />
        {data ? <Table caption={t("users")} columns={columns(reload, setInvited)} rows={data.users} keyOf={(account) => account.id} /> : null}
        <RoleHelp />
      </div>
      {adding ? <NewUser onClose={() => setAdding(false)} onMade={done} /> : null}
      {invited?.invitation ? <Invitation name={invited.name} path={invited.invitation} onClose={() => setInvited(null)} /> : null}
    </>
  );
}

function columns(reload: () => void, onInvited: (account: Account) => void): Column<Account>[] {
  async function change(account: Account, what: Partial<Account>): Promise<void> {
    await patch(`/api/users/${account.id}`, what);
    reload();
  }
  return [
    { title: t("person_name"), cell: (account) => <strong>{account.name}</strong> },
    { title: t("login"), cell: (account) => account.login },
    { title: t("role"), cell: (account) => <RoleChoice account={account} onChange={(role) => change(account, { role })} /> },
    { title: t("state"), cell: (account) => <State account={account} /> },
    { title: t("actions"), cell: (account) => <Actions account={account} change={change} reload={reload} onInvited={onInvited} />, end: true },
  ];
}

function RoleChoice({ account, onChange }: { account: Account; onChange: (role: Role) => Promise<void> }) {
  const action = useAction();
  if (account.id === user.value?.id) return <>{t(`role_${account.role}` as const)}</>;
  return (
    <>
      <select
        class="input" aria-label={t("role_of", { name: account.name })} value={account.role} disabled={action.busy}
        onChange={(event) => { const role = event.currentTarget.value as Role; void action.run(() => onChange(role)); }}
      >
        {roles().map(([role, word]) => <option key={role} value={role} selected={role === account.role}>{word}</option>)}
      </select>
      <Failure why={action.error} />
    </>
  );
}

function State({ account }: { account: Account }) {
  if (!account.active) return <Badge tone="bad">{t("user_inactive")}</Badge>;
  return account.invited ? <Badge tone="warn">{t("user_invited")}</Badge> : <Badge tone="good">{t("user_active")}</Badge>;
}

interface ActionsProps {
  account: Account;
  change: (account: Account, what: Partial<Account>) => Promise<void>;
  reload: () => void;
  onInvited: (account: Account) => void;
}

function Actions({ account, change, reload, onInvited }: ActionsProps) {
  if (account.id === user.value?.id) return <span class="soft small">{t("user_you")}</span>;
  async function again(): Promise<void> {
    if (!account.invited && !(await agree(t("reinvite_title"), t("reinvite_text", { name: account.name }), t("reinvite")))) return;
    onInvited(await post<Account>(`/api/users/${account.id}/invitation`));
    reload();
  }
  async function toggle(): Promise<void> {
    if (account.active && !(await agree(t("deactivate_title"), t("deactivate_text", { name: account.name }), t("deactivate")))) return;
    await change(account, { active: !account.active });
  }
  return (
    <div class="row">
      {account.active ? <Button little label={t("reinvite_named", { name: account.name })} onClick={again}>{t("reinvite")}</Button> : null}
      <Button little kind={account.active ? "danger" : ""} onClick={toggle}>{t(account.active ? "deactivate" : "activate")}</Button>
    </div>
  );
}

function RoleHelp() {
  return (
    <details class="panel">
      <summary>{t("roles_help")}</summary>
      <dl class="facts">
        {ROLES.map((role) => <><dt key={role}>{t(`role_${role}` as const)}</dt><dd>{t(`role_${role}_may` as const)}</dd></>)}
      </dl>
    </details>
  );
}

function NewUser({ onClose, onMade }: { onClose: () => void; onMade: (account: Account) => void }) {
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [role, setRole] = useState("member");
  const action = useAction();
  const send = () => action.run(async () => onMade(await post<Account>("/api/users", { login, name, role })));
  return (
    <Dialog title={t("invite_user")} onClose={onClose}>
      <Form onSubmit={send}>
        <TextField label={t("person_name")} value={name} onInput={setName} required maxLength={100} autofocus />
        <TextField label={t("login")} hint={t("login_hint")} value={login} onInput={setLogin} autocomplete="off" required maxLength={100} />
        <SelectField label={t("role")} hint={t(`role_${role as Role}_may` as const)} value={role} onChange={setRole} choices={roles()} />
        <Failure why={action.error} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={action.busy}>{t("invitation_make")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

interface InvitationProps {
  name: string;
  path: string;
  onClose: () => void;
}

/** The link, to be given to the person by other means; it is shown this once. */
export function Invitation({ name, path, onClose }: InvitationProps) {
  return (
    <Dialog title={t("invitation_title", { name })} onClose={onClose}>
      <p>{t("invitation_text")}</p>
      <Copy text={new URL(path, location.origin).href} />
      <div class="actions"><Button kind="primary" onClick={onClose}>{t("close")}</Button></div>
    </Dialog>
  );
}
