// From what a person drops or chooses to a list of files with their paths.

import { commonRoot, isJunk, nfc } from "./paths";

export interface Picked {
  path: string;
  size: number;
  file: File;
}

export interface Pick {
  files: Picked[];
  /** The folder's name on the person's disk; empty for single files. */
  folder: string;
  junk: number;
  unreadable: string[];
}

interface Found {
  path: string;
  file: File;
}

const AT_ONCE = 32;

/** Everything in the dropped folders. Must be called within the drop event: the browser forgets the items after it. */
export function fromDrop(items: DataTransferItemList, onCount: (count: number) => void): Promise<Pick> {
  const entries = [...items].flatMap((item) => {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    return entry ? [entry] : [];
  });
  return walk(entries, onCount);
}

async function walk(entries: FileSystemEntry[], onCount: (count: number) => void): Promise<Pick> {
  const found: Found[] = [];
  const unreadable: string[] = [];
  const waiting = [...entries];
  let junk = 0;
  async function work(): Promise<void> {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
      const path = nfc(entry.fullPath);
      try {
        if (isJunk(path)) junk += 1;
        else if (entry.isDirectory) for await (const inside of children(entry as FileSystemDirectoryEntry)) waiting.push(inside);
        else found.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
      } catch {
        unreadable.push(path);
      }
      onCount(found.length);
    }
  }
  while (waiting.length) await Promise.all(Array.from({ length: AT_ONCE }, work));
  return settle(found, junk, unreadable);
}

/** A browser hands out a folder's content in batches, until one is empty. */
async function* children(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!batch.length) return;
    yield* batch;
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, fail));
}

/** What `<input type="file">` gives, of a folder or of single files. */
export function fromInput(list: FileList): Pick {
  const all = [...list].map((file) => ({ path: nfc(file.webkitRelativePath || file.name), file }));
  const found = all.filter(({ path }) => !isJunk(path));
  return settle(found, all.length - found.length, []);
}

function settle(found: Found[], junk: number, unreadable: string[]): Pick {
  const root = commonRoot(found.map(({ path }) => path));
  const files = found.map(({ path, file }) => ({ path: path.slice(root.length), size: file.size, file }));
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { files, folder: root.replace(/\/$/, ""), junk, unreadable };
}
