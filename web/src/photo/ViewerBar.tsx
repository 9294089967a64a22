import type { ComponentChildren } from "preact";
import { localTime, utcTime, zoneName } from "../format";
import { t } from "../i18n";
import { keysShown } from "../run/keys";
import { can } from "../session";
import { Icon } from "./icons";
import { marking, stopMarking } from "./marking";
import { showBoxes } from "./settings";
import {
  beginMarking, close, fitAll, fullSize, hasChosenBox, light, lightOpen, ordered, photo, place, step, toHit, zoom,
} from "./viewer";

interface ToolProps {
  label: string;
  keys?: string;
  pressed?: boolean;
  disabled?: boolean;
  class?: string;
  onClick: () => void;
  children: ComponentChildren;
}

function Tool({ label, keys, pressed, disabled, class: extra = "", onClick, children }: ToolProps) {
  return (
    <button
      type="button" class={`tool ${extra}`} aria-label={label} title={keys ? `${label} (${keys})` : label} aria-keyshortcuts={keys}
      aria-pressed={pressed} disabled={disabled} onClick={onClick}
    >
      {children}
    </button>
  );
}

interface BarProps {
  full: boolean;
  onFull: () => void;
}

export function ViewerBar({ full, onFull }: BarProps) {
  const isLast = place.value < 0 || place.value >= ordered.value.length - 1;
  return (
    <header class="photo-bar">
      <Tool label={t("close")} keys="Escape" onClick={close}><Icon name="close" /></Tool>
      <Title />
      <div class="tools" role="toolbar" aria-label={t("photo_tools")}>
        <Tool label={t("photo_previous")} keys="ArrowLeft" disabled={place.value <= 0} onClick={() => step(-1)}><Icon name="previous" /></Tool>
        <Tool label={t("photo_next")} keys="ArrowRight" disabled={isLast} onClick={() => step(1)}><Icon name="next" /></Tool>
        <Tool label={t("photo_zoom_out")} keys="-" onClick={() => zoom(1 / 1.5)}><Icon name="minus" /></Tool>
        <Tool label={t("photo_zoom_in")} keys="+" onClick={() => zoom(1.5)}><Icon name="plus" /></Tool>
        <Tool label={t("photo_fit")} keys="0" onClick={fitAll}><Icon name="fit" /></Tool>
        <Tool label={t("photo_full_size")} keys="O" onClick={fullSize}>1:1</Tool>
        <Tool label={t("photo_to_hit")} keys="H" disabled={!hasChosenBox.value} onClick={toHit}><Icon name="target" /></Tool>
        <Tool label={t("photo_boxes")} keys="B" pressed={showBoxes.value} onClick={() => { showBoxes.value = !showBoxes.value; }}>
          <Icon name="box" />
        </Tool>
        <Light />
        <Tool label={t(full ? "photo_leave_full_screen" : "photo_full_screen")} pressed={full} class="full" onClick={onFull}><Icon name="full" /></Tool>
        <Tool label={t("photo_keys_title")} keys="?" class="keys" onClick={() => { keysShown.value = true; }}>?</Tool>
      </div>
      {can("review") ? (
        <Tool
          label={`${t("photo_mark")} · ${t("photo_mark_new")}`} keys="A" pressed={marking.value !== null} class="mark-tool" disabled={!photo.value}
          onClick={() => (marking.value ? stopMarking() : beginMarking())}
        >
          <Icon name="cross" /> {t("photo_mark")}
        </Tool>
      ) : null}
    </header>
  );
}

function Title() {
  const now = photo.value;
  const name = now?.frame_id.split("/").at(-1) ?? "";
  return (
    <div class="title">
      <h1 class="wrap">{name || t("loading")}</h1>
      <p class="small number">
        {now?.t ? <><span>{localTime(now.t)} {zoneName(now.t)}</span><span class="wide-only"> · {utcTime(now.t)}</span></> : null}
        {place.value >= 0 ? <span class="wide-only"> · {t("photo_of_all", { at: place.value + 1, all: ordered.value.length })}</span> : null}
      </p>
    </div>
  );
}

/** Brightness and contrast, for looking into shade. The file stays as it is. */
function Light() {
  const changed = light.value.brightness !== 1 || light.value.contrast !== 1;
  return (
    <div class="light">
      <button
        type="button" class="tool" aria-expanded={lightOpen.value} aria-label={t("photo_light")} title={t("photo_light")} aria-pressed={changed}
        onClick={() => { lightOpen.value = !lightOpen.value; }}
      >
        <Icon name="light" />
      </button>
      {lightOpen.value ? (
        <div class="light-box stack tight" role="group" aria-label={t("photo_light")}>
          <Slider word="brightness" max={4} />
          <Slider word="contrast" max={3} />
          <button type="button" class="button little" onClick={() => { light.value = { brightness: 1, contrast: 1 }; }}>
            {t("photo_light_reset")}
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Slider({ word, max }: { word: "brightness" | "contrast"; max: number }) {
  return (
    <label class="small">
      {t(`photo_${word}`)} {Math.round(light.value[word] * 100)} %
      <input
        type="range" min={0.4} max={max} step={0.05} value={light.value[word]}
        onInput={(event) => { light.value = { ...light.value, [word]: Number(event.currentTarget.value) }; }}
      />
    </label>
  );
}
