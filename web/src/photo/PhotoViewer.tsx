// The full photo over the run page: look closely, judge, and mark what was missed.
import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../api";
import { t } from "../i18n";
import { keysShown } from "../run/keys";
import { photoOpen, select, selected } from "../run/state";
import { Note } from "../ui/Note";
import { DoneMessage } from "./done";
import { marking, setPoint } from "./marking";
import { Overlay } from "./overlay";
import "./photo.css";
import { boxAt } from "./pixels";
import { isTyping } from "./reviewKeys";
import { showBoxes } from "./settings";
import { Strip } from "./Strip";
import type { XY } from "./types";
import {
  boxes, light, loadBoxes, loadPhoto, mountStage, noPicture, numbers, photo, photoError, toHit, view, whenHitsChange, whole,
} from "./viewer";
import { ViewerBar } from "./ViewerBar";
import { onViewerKey } from "./viewerKeys";
import { ViewerSide } from "./ViewerSide";

const NEAR_PX = 14; // CSS pixels around a small box that count as on it

/** The viewer while a photo is open, else nothing. */
export function PhotoViewer() {
  return photoOpen.value ? <Viewer /> : null;
}

function Viewer() {
  const dialog = useRef<HTMLDialogElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [full, toggleFull] = useFullScreen(frame);
  useModal(dialog);
  useKeys();
  usePhoto();
  return (
    <dialog
      ref={dialog} class="photo-viewer" aria-label={t("photo_viewer", { name: photo.value?.frame_id ?? "" })}
      onCancel={(event) => event.preventDefault()}
    >
      <div ref={frame} class={`photo-frame ${marking.value ? "is-marking" : ""}`}>
        <ViewerBar full={full} onFull={toggleFull} />
        <StageArea />
        <ViewerSide />
        <Strip />
        <DoneMessage />
      </div>
    </dialog>
  );
}

function StageArea() {
  const picture = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLDivElement>(null);
  useEffect(() => (picture.current ? mountStage(picture.current, onClick) : undefined), []);
  const mark = marking.value;
  // After showModal, which gives the focus to the first button; and again when marking begins, for Enter and arrows.
  useEffect(() => { requestAnimationFrame(() => area.current?.focus()); }, [mark === null]);
  const { brightness, contrast } = light.value;
  return (
    <div
      ref={area} class="photo-stage" tabIndex={0} role="application" data-ready={view.value ? "yes" : "no"} data-whole={whole.value ? "yes" : "no"}
      aria-label={t(mark ? "photo_stage_marking" : "photo_stage")}
    >
      <div ref={picture} class="picture" style={{ filter: `brightness(${brightness}) contrast(${contrast})` }} />
      <Overlay
        view={view.value} boxes={showBoxes.value ? boxes.value : []} numbers={numbers.value} chosen={selected.value}
        aim={mark && { at: mark.aim, set: mark.set }}
      />
      <div class="stage-notes">
        {photoError.value ? <Note tone="bad">{sentence(photoError.value)}</Note> : null}
        {whole.value || photoError.value || noPicture.value ? null : <span class="stage-loading">{t("loading")}</span>}
        {noPicture.value && !photoError.value ? <Note tone="warn">{t("photo_no_picture")}</Note> : null}
      </div>
    </div>
  );
}

/** A click sets the point while marking, else it chooses the hit below it. */
function onClick(point: XY): void {
  if (marking.value) return setPoint(point);
  const scale = view.value?.scale ?? 1;
  const box = boxAt(boxes.value, point, NEAR_PX / scale);
  if (box) select(box.hit);
}

function useModal(dialog: { current: HTMLDialogElement | null }): void {
  useEffect(() => {
    const box = dialog.current;
    const before = document.activeElement;
    box?.showModal();
    return () => {
      box?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}

/** All keys while the viewer is open, unless another dialog lies over it. */
function useKeys(): void {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (keysShown.value) return;
      const done = onViewerKey(event);
      if (done) event.preventDefault();
      if (done || !isTyping(event.target)) event.stopImmediatePropagation();
    }
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  }, []);
}

function usePhoto(): void {
  const open = photoOpen.value;
  const shown = useRef<number | null>(null);
  useEffect(() => {
    if (!open) return undefined;
    const stop = new AbortController();
    if (open.hit && open.hit !== selected.peek()) select(open.hit);
    if (shown.current === open.k) toHit();
    else void loadPhoto(open.k, stop.signal);
    shown.current = open.k;
    return () => stop.abort();
  }, [open]);
  useEffect(() => {
    let stop = new AbortController();
    const dispose = whenHitsChange(() => {
      stop.abort();
      stop = new AbortController();
      void loadBoxes(stop.signal);
    });
    return () => { stop.abort(); dispose(); };
  }, []);
}

function useFullScreen(frame: { current: HTMLDivElement | null }): [boolean, () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = (): void => setFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, []);
  function toggle(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void frame.current?.requestFullscreen?.().catch(() => undefined);
  }
  return [full, toggle];
}
