// The viewer's and the officer's keys, as the help lists them; the map's are in ../run/KeysHelp.tsx.
import type { Word } from "../words";

export type KeyLine = [keys: readonly string[], word: Word];

export const REVIEW_KEYS: readonly KeyLine[] = [
  [["C"], "photo_confirm"],
  [["X"], "photo_reject"],
  [["R", "1–9"], "photo_key_reclass"],
  [["M"], "photo_key_move"],
  [["T"], "photo_comment"],
  [["U", "Ctrl+Z"], "photo_undo"],
  [["Ctrl+Y"], "photo_redo"],
];

export const VIEWER_KEYS: readonly KeyLine[] = [
  [["A"], "photo_mark_new"],
  [["←", "→"], "photo_key_other_photo"],
  [["↑", "↓"], "photo_key_other_view"],
  [["Shift+←→↑↓"], "photo_key_pan"],
  [["+", "−", "0", "O"], "photo_key_zoom"],
  [["H"], "photo_key_to_hit"],
  [["B"], "photo_boxes"],
  [["Esc"], "photo_key_escape"],
  [["←→↑↓"], "photo_key_aim"],
  [["Enter"], "photo_key_enter"],
  [["1–9"], "photo_key_class"],
];
