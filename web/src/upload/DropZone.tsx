import { useRef, useState } from "preact/hooks";
import { count } from "../format";
import { t } from "../i18n";
import { Button } from "../ui/Button";
import { fromDrop, fromInput, type Pick } from "./collect";

interface DropZoneProps {
  onPick: (pick: Pick) => unknown;
  /** Smaller, while an upload is shown above. */
  small?: boolean;
}

/** Takes folders and files by dropping, or by two buttons for those who use a keyboard. */
export function DropZone({ onPick, small }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const [reading, setReading] = useState<number | null>(null);
  async function take(read: Promise<Pick>): Promise<void> {
    setReading(0);
    try {
      await onPick(await read);
    } finally {
      setReading(null);
    }
  }
  function drop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) void take(fromDrop(event.dataTransfer.items, throttled(setReading)));
  }
  return (
    <div
      class={`drop ${over ? "over" : ""} ${small ? "small-drop" : ""}`}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p class="drop-title">{reading === null ? t(small ? "drop_more" : "drop_title") : t("drop_reading", { n: count(reading) })}</p>
      {small ? null : <p class="soft small">{t("drop_text")}</p>}
      <div class="row">
        <Chooser folder word={t("choose_folder")} primary={!small} onList={(list) => take(Promise.resolve(fromInput(list)))} />
        <Chooser word={t("choose_files")} onList={(list) => take(Promise.resolve(fromInput(list)))} />
      </div>
    </div>
  );
}

/** At most a few values a second, however fast files are found. */
function throttled(set: (value: number) => void): (value: number) => void {
  let last_ms = 0;
  return (value) => {
    const now_ms = performance.now();
    if (now_ms - last_ms < 200) return;
    last_ms = now_ms;
    set(value);
  };
}

interface ChooserProps {
  word: string;
  folder?: boolean;
  primary?: boolean;
  onList: (list: FileList) => unknown;
}

function Chooser({ word, folder, primary, onList }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  const directory = folder ? { webkitdirectory: true } : {};
  async function chosen(): Promise<void> {
    const list = input.current?.files;
    if (list?.length) await onList(list);
    if (input.current) input.current.value = "";
  }
  return (
    <>
      <Button kind={primary ? "primary" : ""} onClick={() => input.current?.click()}>{word}</Button>
      <input
        ref={input} type="file" multiple hidden aria-label={word} data-choose={folder ? "folder" : "files"} {...directory}
        onChange={() => void chosen()}
      />
    </>
  );
}
