// A page whose code is loaded when it is first shown.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "./i18n";
import type { Params } from "./router";
import { Button } from "./ui/Button";
import { Note } from "./ui/Note";

type Page = ComponentType<any>;

export function lazy(load: () => Promise<{ default: Page }>): ComponentType<Params> {
  let loaded: Page | null = null;
  return function Lazy(props: Params) {
    const [page, setPage] = useState<{ page: Page } | null>(loaded && { page: loaded });
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (module) => {
          loaded = module.default;
          setPage({ page: module.default });
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) return <NotLoaded />;
    return page ? <page.page {...props} /> : <p class="soft" role="status">{t("loading")}</p>;
  };
}

/** A server that was brought up to date has new names for its parts: only loading the page again helps. */
function NotLoaded() {
  return (
    <div class="stack">
      <Note tone="warn">{t("page_outdated")}</Note>
      <div><Button kind="primary" onClick={() => location.reload()}>{t("load_again")}</Button></div>
    </div>
  );
}
