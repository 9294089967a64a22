// Own base maps and terrain models.

import { useEffect, useRef, useState } from "preact/hooks";
import { remove } from "../api";
import { useAction } from "../action";
import { percent, round } from "../format";
import { maybe, problem, t } from "../i18n";
import { useEvery, useLoad } from "../load";
import { can } from "../session";
import type { Layer, LayerKind } from "../types";
import { Button } from "../ui/Button";
import { agree, Dialog } from "../ui/Dialog";
import { SelectField, TextField } from "../ui/Field";
import { Badge, Empty, Failure, Note } from "../ui/Note";
import { Progress } from "../ui/Progress";
import { Table, type Column } from "../ui/Table";
import { layerUpload, uploadLayer } from "../upload/layerUpload";
import { link } from "../upload/link";
import "../upload/upload.css";
import { bytesLine, speed, stateLine, timeLeft } from "../upload/words";
import { Form, Head } from "./parts";

const ENDINGS: Record<LayerKind, string> = { raster: ".tif,.tiff", pmtiles: ".pmtiles", dem: ".tif,.tiff" };
const TONES = { waiting: "warn", preparing: "busy", ready: "good", refused: "bad" } as const;

export default function LayersPage() {
  const { data, error, reload } = useLoad<{ layers: Layer[] }>("/api/layers");
  const [adding, setAdding] = useState(false);
  const layers = data?.layers ?? [];
  const open = (layerUpload.value?.view.value?.open ?? 0) > 0;
  useEvery(open || layers.some((layer) => layer.state === "preparing" || layer.state === "waiting") ? 3_000 : null, reload);
  useEffect(reload, [open]);
  const add = can("layers") ? <Button kind="primary" disabled={open} onClick={() => setAdding(true)}>{t("new_layer")}</Button> : null;
  return (
    <>
      <Head title={t("own_layers")} text={t("layers_text")}>{add}</Head>
      <div class="stack">
        <Failure why={error} />
        <Sending />
        {layers.length ? <Table caption={t("own_layers")} columns={columns(reload)} rows={layers} keyOf={(layer) => layer.id} /> : null}
        {data && !layers.length && !open ? <Empty title={t("no_layers")} text={t("no_layers_text")}>{add}</Empty> : null}
      </div>
      {adding ? <NewLayer onClose={() => setAdding(false)} /> : null}
    </>
  );
}

/** The layer that is being uploaded, or why it was not. */
function Sending() {
  const upload = layerUpload.value;
  const view = upload?.view.value;
  const item = upload ? [...upload.items.values()][0] : undefined;
  if (!upload || !view || !item || item.stage === "stored" || item.stage === "cancelled") return null;
  if (item.stage === "refused" || item.stage === "failed") {
    return (
      <Note tone="bad">
        <p>{item.path}: {problem(item.reason, item.reason)}</p>
        {item.stage === "failed" ? <Button little onClick={() => upload.retryFailed()}>{t("try_again")}</Button> : null}
      </Note>
    );
  }
  return (
    <section class="panel stack tight" aria-label={t("upload_title")}>
      <div class="row apart">
        <strong class="wrap">{item.path}</strong>
        <span class="row">
          {view.paused ? <Button little onClick={() => upload.resume()}>{t("resume")}</Button> : <Button little onClick={() => upload.pause()}>{t("pause")}</Button>}
          <Button little kind="danger" onClick={() => upload.cancelAll()}>{t("cancel")}</Button>
        </span>
      </div>
      <Progress done={item.stage === "hashing" ? item.hashed : view.doneBytes} total={view.bytes} label={item.path} />
      <div class="soft small number upload-figures" role="status">
        <span>{item.stage === "hashing" ? `${t("hashing")} ${percent(item.hashed, item.size)}` : stateLine(view, link.value)}</span>
        <span>{bytesLine(view)}</span><span>{speed(view)}</span><span>{timeLeft(view.secondsLeft)}</span>
      </div>
    </section>
  );
}

function columns(reload: () => void): Column<Layer>[] {
  async function drop(layer: Layer): Promise<void> {
    if (!(await agree(t("layer_delete_title"), t("layer_delete_text", { name: layer.name }), t("delete")))) return;
    await remove(`/api/layers/${layer.id}`);
    reload();
  }
  return [
    { title: t("name"), cell: (layer) => <strong>{layer.name}</strong> },
    { title: t("layer_kind"), cell: (layer) => t(`layer_${layer.kind}` as const) },
    { title: t("state"), cell: (layer) => <State layer={layer} /> },
    { title: t("layer_facts"), cell: (layer) => <Facts layer={layer} /> },
    { title: t("actions"), cell: (layer) => can("layers") ? <Button little kind="danger" label={t("delete_named", { name: layer.name })} onClick={() => drop(layer)}>{t("delete")}</Button> : null, end: true },
  ];
}

function State({ layer }: { layer: Layer }) {
  const sending = layerUpload.value?.isOpen ?? false;
  const state = layer.file?.state === "refused" ? "refused" : layer.state;
  const reason = layer.reason || (layer.file?.reason ?? "");
  return (
    <>
      <Badge tone={TONES[state]}>{t(`layer_state_${state}` as const)}</Badge>
      {reason ? <div class="small">{problem(reason, reason)}</div> : null}
      {state === "waiting" && can("layers") && !sending ? <Resume layer={layer} /> : null}
    </>
  );
}

/** An upload that was broken off goes on with the same file. */
function Resume({ layer }: { layer: Layer }) {
  const input = useRef<HTMLInputElement>(null);
  function chosen(): void {
    const file = input.current?.files?.[0];
    if (file) uploadLayer({ name: layer.name, kind: layer.kind }, file, layer.id);
  }
  return (
    <div class="stack tight">
      <span class="small">{t("layer_resume", { name: layer.file?.path ?? "" })}</span>
      <div><Button little onClick={() => input.current?.click()}>{t("choose_file")}</Button></div>
      <input ref={input} type="file" hidden accept={ENDINGS[layer.kind]} aria-label={t("choose_file")} onChange={chosen} />
    </div>
  );
}

function Facts({ layer }: { layer: Layer }) {
  const { bounds, minzoom, maxzoom, attribution } = layer.facts;
  const lines: string[] = [];
  if (bounds) lines.push(t("layer_bounds", { w: round(bounds[0], 4), s: round(bounds[1], 4), e: round(bounds[2], 4), n: round(bounds[3], 4) }));
  if (minzoom !== undefined && maxzoom !== undefined) lines.push(t("layer_zooms", { from: minzoom, to: maxzoom }));
  if (attribution) lines.push(attribution);
  return <span class="small number">{lines.map((line) => <div key={line}>{line}</div>)}</span>;
}

function NewLayer({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<LayerKind>("raster");
  const [file, setFile] = useState<File | null>(null);
  const action = useAction();
  function choose(chosen: File | undefined): void {
    setFile(chosen ?? null);
    if (chosen && !name) setName(chosen.name.replace(/\.\w+$/, ""));
  }
  const send = () => action.run(async () => {
    if (!file) return;
    uploadLayer({ name: name.trim(), kind }, file, null);
    onClose();
  });
  return (
    <Dialog title={t("new_layer")} onClose={onClose}>
      <Form onSubmit={send}>
        <SelectField
          label={t("layer_kind")} hint={maybe(`layer_${kind}_hint`)} value={kind} onChange={(value) => setKind(value as LayerKind)}
          choices={[["raster", t("layer_raster")], ["pmtiles", t("layer_pmtiles")], ["dem", t("layer_dem")]]}
        />
        <div class="field">
          <label for="layer-file">{t("file")}</label>
          <input id="layer-file" class="input" type="file" required accept={ENDINGS[kind]} onChange={(event) => choose(event.currentTarget.files?.[0])} />
        </div>
        <TextField label={t("name")} value={name} onInput={setName} required maxLength={100} />
        <Failure why={action.error} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={action.busy}>{t("upload_begin")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
