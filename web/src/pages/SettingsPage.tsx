// The base map that maps of this organisation may load from outside; none is needed.

import { useEffect, useState } from "preact/hooks";
import { put } from "../api";
import { useAction } from "../action";
import { t } from "../i18n";
import { useLoad } from "../load";
import type { Basemap, Settings } from "../types";
import { Button } from "../ui/Button";
import { SelectField, TextField } from "../ui/Field";
import { Failure, Note } from "../ui/Note";
import { Form, Head } from "./parts";

type Kind = "none" | Basemap["kind"];

export default function SettingsPage() {
  const { data, error } = useLoad<Settings>("/api/settings");
  return (
    <>
      <Head title={t("settings")} />
      <Failure why={error} />
      {data ? <BasemapForm before={data.basemap} /> : null}
    </>
  );
}

function BasemapForm({ before }: { before: Basemap | null }) {
  const [kind, setKind] = useState<Kind>(before?.kind ?? "none");
  const [url, setUrl] = useState(before?.url ?? "");
  const [key, setKey] = useState(before?.key ?? "");
  const [attribution, setAttribution] = useState(before?.attribution ?? "");
  const [saved, setSaved] = useState(false);
  const action = useAction();
  useEffect(() => setSaved(false), [kind, url, key, attribution]);
  const send = () => action.run(async () => {
    const basemap = kind === "none" ? null : { kind, url: kind === "xyz" ? url : "", key: kind === "tianditu" ? key : "", attribution };
    await put<Settings>("/api/settings", { basemap });
    setSaved(true);
  });
  return (
    <section class="panel stack" aria-labelledby="basemap-title">
      <h2 id="basemap-title">{t("basemap_title")}</h2>
      <p class="soft">{t("basemap_text")}</p>
      <Form onSubmit={send}>
        <SelectField
          label={t("basemap_kind")} value={kind} onChange={(value) => setKind(value as Kind)}
          choices={[["none", t("basemap_none")], ["tianditu", t("basemap_tianditu")], ["xyz", t("basemap_xyz")]]}
        />
        {kind === "tianditu" ? <TextField label={t("basemap_key")} hint={t("basemap_key_hint")} value={key} onInput={setKey} required maxLength={100} autocomplete="off" /> : null}
        {kind === "xyz" ? <TextField label={t("basemap_url")} hint={t("basemap_url_hint")} value={url} onInput={setUrl} required maxLength={1000} placeholder="https://…/{z}/{x}/{y}.png" /> : null}
        {kind !== "none" ? <TextField label={t("basemap_attribution")} hint={t("basemap_attribution_hint")} value={attribution} onInput={setAttribution} maxLength={200} /> : null}
        {kind !== "none" ? <Note tone="warn">{t("basemap_outside")}</Note> : null}
        <Failure why={action.error} />
        {saved ? <Note tone="good">{t("basemap_saved")}</Note> : null}
        <div class="row"><Button type="submit" kind="primary" busy={action.busy}>{t("save")}</Button></div>
      </Form>
    </section>
  );
}
