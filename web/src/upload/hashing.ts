// The files of an upload that are still to be hashed, one after the other.

import { hash } from "./hasher";
import { take, type Item } from "./item";

interface Told {
  /** Something moved. */
  onChange: () => void;
  onHashed: (item: Item) => void;
  onUnreadable: (item: Item) => void;
  isPaused: () => boolean;
}

export class Hashing {
  private readonly waiting: Item[] = [];
  private now: { item: Item; stop: AbortController } | null = null;

  constructor(private readonly told: Told) {}

  get item(): Item | null {
    return this.now?.item ?? null;
  }

  add(item: Item): void {
    item.stage = "picked";
    this.waiting.push(item);
  }

  /** Stop in the middle; the same file begins anew. Only with `item`, when one is named. */
  stop(item?: Item): void {
    if (!item || this.now?.item === item) this.now?.stop.abort();
  }

  async next(): Promise<void> {
    if (this.now || this.told.isPaused()) return;
    const item = take(this.waiting, "picked");
    if (!item) return;
    const stop = new AbortController();
    this.now = { item, stop };
    item.stage = "hashing";
    try {
      item.sha256 = await hash(item.file, (bytes) => { item.hashed = bytes; this.told.onChange(); }, stop.signal);
      if (item.stage === "hashing") this.told.onHashed(item);
    } catch (why) {
      this.notHashed(item, why);
    }
    this.now = null;
    this.told.onChange();
    void this.next();
  }

  private notHashed(item: Item, why: unknown): void {
    if (item.stage !== "hashing") return;
    item.hashed = 0;
    if (why instanceof DOMException && why.name === "AbortError") {
      item.stage = "picked";
      this.waiting.unshift(item);
    } else this.told.onUnreadable(item);
  }
}
