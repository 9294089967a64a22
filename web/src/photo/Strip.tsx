import { useEffect, useRef } from "preact/hooks";
import { localTime } from "../format";
import { t } from "../i18n";
import { openPhoto, photoOpen, selected } from "../run/state";
import type { Photo } from "../types";
import { thumbUrl } from "./calls";
import { showCurrent } from "./scrolling";
import { ordered, place } from "./viewer";

const EACH_SIDE = 12; // thumbnails before and after the open one

/** The photos around the open one by time; with a slider when it is a frame of a video. */
export function Strip() {
  const all = ordered.value;
  const at = place.value;
  if (all.length < 2 || at < 0) return null;
  const from = Math.max(0, at - EACH_SIDE);
  const around = all.slice(from, at + EACH_SIDE + 1);
  return (
    <nav class="photo-strip" aria-label={t("photo_strip")}>
      <Frames />
      <Thumbs list={around} />
    </nav>
  );
}

function open(photo: Photo): void {
  openPhoto(photo.k, selected.value ?? undefined);
}

function Thumbs({ list }: { list: readonly Photo[] }) {
  const row = useRef<HTMLOListElement>(null);
  const k = photoOpen.value?.k;
  useEffect(() => showCurrent(row.current), [k]);
  return (
    <ol class="thumbs" ref={row}>
      {list.map((photo) => (
        <li key={photo.k}>
          <button
            type="button" class="thumb" aria-current={photo.k === k ? "true" : undefined} tabIndex={photo.k === k ? 0 : -1}
            aria-label={`${photo.frame_id} ${photo.t ? localTime(photo.t) : ""}`} title={photo.frame_id} onClick={() => open(photo)}
          >
            <img src={thumbUrl(photo.k)} alt="" loading="lazy" width="80" height="60" />
          </button>
        </li>
      ))}
    </ol>
  );
}

/** A slider through the frames of the same video. */
function Frames() {
  const here = ordered.value[place.value];
  if (!here?.is_video) return null;
  const frames = ordered.value.filter((photo) => photo.source === here.source);
  const at = frames.findIndex((photo) => photo.k === here.k);
  if (frames.length < 2) return null;
  const text = t("photo_frame_at", { at: at + 1, all: frames.length, time: here.t ? localTime(here.t).slice(11) : "–" });
  function go(event: Event): void {
    const next = frames[Number((event.currentTarget as HTMLInputElement).value)];
    if (next) open(next);
  }
  return (
    <div class="frames">
      <input type="range" min={0} max={frames.length - 1} value={at} aria-label={t("photo_frames")} aria-valuetext={text} onInput={go} />
      <span class="small number">{text}</span>
    </div>
  );
}
