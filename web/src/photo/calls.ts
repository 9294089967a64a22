// What the evidence panel and the viewer ask the server for.
import { get, post } from "../api";
import { runId } from "../run/state";
import type { HistoryEntry, HitDetail, Located, MoveTo, PhotoDetail, XY } from "./types";

const base = (): string => `/api/runs/${encodeURIComponent(runId.value)}`;
const hitPath = (id: string): string => `${base()}/hits/${encodeURIComponent(id)}`;

export const cropUrl = (id: string): string => `${hitPath(id)}/crop.jpg`;
export const contextUrl = (id: string): string => `${hitPath(id)}/context.jpg`;
export const thumbUrl = (k: number): string => `${base()}/photos/${k}/thumb.jpg`;
export const originalUrl = (k: number): string => `${base()}/photos/${k}/original`;
export const tilesUrl = (k: number): string => `${base()}/photos/${k}/tiles`;

export const getHit = (id: string, gcj02: boolean, signal?: AbortSignal): Promise<HitDetail> =>
  get<HitDetail>(`${hitPath(id)}${gcj02 ? "?gcj02=1" : ""}`, signal);

export const getPhoto = (k: number, signal?: AbortSignal): Promise<PhotoDetail> =>
  get<PhotoDetail>(`${base()}/photos/${k}`, signal);

export const locate = (photo: number, [x_px, y_px]: XY): Promise<Located> =>
  post<Located>(`${base()}/locate`, { photo, x_px, y_px });

export interface NewPin {
  photo: number;
  x_px: number;
  y_px: number;
  class: string;
  comment?: string;
}

export const addPin = (pin: NewPin): Promise<HitDetail> => post<HitDetail>(`${base()}/pins`, pin);

export type ReviewBody =
  | { verdict: "confirmed" | "rejected" }
  | { verdict: "moved"; value: MoveTo }
  | { verdict: "reclassed"; value: string }
  | { verdict: "commented"; note: string };

export const addReview = (id: string, body: ReviewBody): Promise<HitDetail> => post<HitDetail>(`${hitPath(id)}/reviews`, body);

/** The entry that was taken back or holds again, and its hit as it is now; null when there is none any more. */
export interface TakenBack {
  undone?: HistoryEntry & { hit: string };
  redone?: HistoryEntry & { hit: string };
  hit: HitDetail | null;
}

export const takeBack = (what: "undo" | "redo"): Promise<TakenBack> => post<TakenBack>(`${base()}/${what}`);
