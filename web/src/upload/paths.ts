// Names of files on a card: which are no one's, and which place in the flight each has.

const JUNK_FILE = /^(\.ds_store|thumbs\.db|desktop\.ini|\._.*|\.trash.*|\.fseventsd|\.spotlight.*)$/i;
const JUNK_FOLDER = /^(system volume information|\$recycle\.bin|__macosx|\.trash.*|\.fseventsd|\.spotlight.*|\.git)$/i;

/** What operating systems leave on cards, and nobody means to upload. */
export function isJunk(path: string): boolean {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return JUNK_FILE.test(name) || parts.some((part) => JUNK_FOLDER.test(part));
}

/** The one form in which the server keeps names: macOS sends é and 照片 taken apart. */
export function nfc(path: string): string {
  return path.normalize("NFC").replace(/^\/+/, "");
}

/** The folder that all lie in: its name is the person's, not the card's, and is left away. Empty when there is none. */
export function commonRoot(paths: readonly string[]): string {
  const first = paths[0]?.split("/") ?? [];
  const root = first.length > 1 ? `${first[0]}/` : "";
  return root && paths.every((path) => path.startsWith(root)) ? root : "";
}

export interface Named {
  path: string;
  size: number;
}

/**
 * What to put before, or take from, the picked paths so that they are those of an earlier upload: somebody may choose
 * DCIM one day and DCIM/100MEDIA the next. {add: "", cut: ""} when nothing fits better than leaving them as they are.
 */
export function align(picked: readonly Named[], known: readonly Named[]): { add: string; cut: string } {
  const sizes = new Map(known.map((file) => [file.path, file.size]));
  const fits = (path: string, size: number): boolean => sizes.get(path) === size;
  const same = picked.filter((file) => fits(file.path, file.size)).length;
  let best = { add: "", cut: "", found: same };
  for (const shift of shifts(picked, known)) {
    const found = picked.filter((file) => file.path.startsWith(shift.cut) && fits(shift.add + file.path.slice(shift.cut.length), file.size)).length;
    if (found > best.found) best = { ...shift, found };
  }
  return { add: best.add, cut: best.cut };
}

function* shifts(picked: readonly Named[], known: readonly Named[]): Generator<{ add: string; cut: string }> {
  for (const parts of folders(known)) yield { add: parts, cut: "" };
  for (const parts of folders(picked)) yield { add: "", cut: parts };
}

/** Every folder that some file lies in, at any depth: "DCIM/", "DCIM/100MEDIA/"; few on a card. */
function folders(files: readonly Named[]): Set<string> {
  const found = new Set<string>();
  for (const { path } of files) {
    for (let at = path.indexOf("/"); at >= 0 && found.size < 200; at = path.indexOf("/", at + 1)) found.add(path.slice(0, at + 1));
  }
  return found;
}
