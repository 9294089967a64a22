// The table of pages, and who may see which.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { sentence } from "./api";
import { t } from "./i18n";
import { FlightsPage } from "./pages/FlightsPage";
import { InvitePage } from "./pages/InvitePage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { SetupPage } from "./pages/SetupPage";
import { SignInPage } from "./pages/SignInPage";
import { match, navigate, path, type Params } from "./router";
import { can, loadSession, session } from "./session";
import { Shell, Stranger } from "./shell";
import type { Right } from "./types";
import { Button } from "./ui/Button";
import { Note } from "./ui/Note";
import { Questions } from "./ui/Dialog";
import { Toasts } from "./ui/Toast";
import { lazy } from "./lazy";

interface Route {
  pattern: string;
  page: ComponentType<Params>;
  right?: Right;
  /** Uses the whole window below the bar. */
  wide?: boolean;
  /** Only for administrators of the organisation that runs the server. */
  host?: boolean;
}

const ROUTES: Route[] = [
  { pattern: "/", page: FlightsPage },
  { pattern: "/flights", page: FlightsPage },
  { pattern: "/flights/:id", page: lazy(() => import("./pages/FlightPage")) },
  { pattern: "/runs/:id", page: lazy(() => import("./run/RunPage")), wide: true },
  { pattern: "/layers", page: lazy(() => import("./pages/LayersPage")) },
  { pattern: "/account", page: lazy(() => import("./pages/AccountPage")) },
  { pattern: "/users", page: lazy(() => import("./pages/UsersPage")), right: "users" },
  { pattern: "/organisations", page: lazy(() => import("./pages/OrganisationsPage")), right: "users", host: true },
  { pattern: "/settings", page: lazy(() => import("./pages/SettingsPage")), right: "users" },
  { pattern: "/audit", page: lazy(() => import("./pages/AuditPage")), right: "audit" },
];

function find(at: string): { route: Route; params: Params } | null {
  for (const route of ROUTES) {
    const params = match(route.pattern, at);
    if (params) return { route, params };
  }
  return null;
}

function Inside() {
  const found = find(path.value);
  const user = session.value?.user;
  const allowed = found && (!found.route.right || can(found.route.right)) && (!found.route.host || user?.host);
  const Page = allowed ? found.route.page : NotFoundPage;
  return (
    <Shell wide={Boolean(found?.route.wide)}>
      <Page key={path.value} {...(found?.params ?? {})} />
    </Shell>
  );
}

function Outside() {
  const state = session.value;
  const at = path.value;
  if (at === "/invite") return <Stranger><InvitePage /></Stranger>;
  if (state && !state.set_up) return <Stranger><SetupPage /></Stranger>;
  return <Stranger><SignInPage /></Stranger>;
}

function useSession(): { failed: unknown; again: () => Promise<void> } {
  const [failed, setFailed] = useState<unknown>(null);
  async function again(): Promise<void> {
    try {
      await loadSession();
      setFailed(null);
    } catch (why) {
      setFailed(why);
    }
  }
  useEffect(() => void again(), []);
  useEffect(() => {
    if (!failed) return undefined;
    const timer = setTimeout(() => void again(), 3_000);
    return () => clearTimeout(timer);
  }, [failed]);
  return { failed, again };
}

const DOORS = new Set(["/setup", "/sign-in"]);

export function App() {
  const { failed, again } = useSession();
  const state = session.value;
  useEffect(() => {
    if (state?.user && DOORS.has(path.value)) navigate("/", true);
  }, [state]);
  return (
    <>
      {state ? state.user && path.value !== "/invite" ? <Inside /> : <Outside /> : failed ? (
        <Stranger>
          <div class="stack">
            <Note tone="bad">{sentence(failed)}</Note>
            <Button onClick={again}>{t("try_again")}</Button>
          </div>
        </Stranger>
      ) : null}
      <Toasts />
      <Questions />
    </>
  );
}
