// The upload of one flight's files: hashed one after the other, declared in batches, sent a few at a time, and asked
// about until the server has checked them. It belongs to no page: it goes on while the person looks at others.

import { signal } from "@preact/signals";
import { ApiError } from "../api";
import { loadSession } from "../session";
import type { StoredFile } from "../types";
import type { Picked } from "./collect";
import { Hashing } from "./hashing";
import { isOpen, newItem, sum, take, type Item, type Sum } from "./item";
import { backOff, judge, stopsAll, type Verdict } from "./judge";
import { broken, link, whenUp } from "./link";
import { Pace } from "./pace";
import type { Place } from "./places";
import { Transfer, TransferError } from "./transfer";

const SENDING_AT_ONCE = 4;
const DECLARED_AT_ONCE = 1_000;
const DECLARE_MS = 400;
const CHECK_MS = 1_500;
const DRAW_MS = 300;
const MOST_TRIES = 8;

/** What the page shows; a new value a few times a second, however many files there are. */
export interface View extends Sum {
  paused: boolean;
  current: Item[];
  bytesPerSecond: number | null;
  secondsLeft: number | null;
}

export class Upload {
  readonly items = new Map<string, Item>();
  readonly view = signal<View | null>(null);
  private paused = false;
  private dirty = true;
  private readonly hashing = new Hashing({
    onChange: () => { this.dirty = true; },
    onHashed: (item) => this.toDeclareNext(item),
    onUnreadable: (item) => this.failed(item, "unreadable"),
    isPaused: () => this.paused,
  });
  private readonly toDeclare: Item[] = [];
  private readonly toSend: Item[] = [];
  private readonly sending = new Map<Item, Transfer>();
  private declaring = false;
  private undeclared = 0; // times in a row that declaring failed
  private checking = false;
  private readonly pace = new Pace();
  private timers: ReturnType<typeof setInterval>[] = [];

  constructor(private readonly place: Place) {}

  /** Take files in; those that are here already, by path and size, are not taken twice. */
  add(picked: readonly Picked[]): void {
    for (const { path, size, file } of picked) {
      const known = this.items.get(path);
      if (known && known.size === size && !["failed", "cancelled", "refused"].includes(known.stage)) continue;
      const item = newItem(path, size, file);
      this.items.set(path, item);
      this.hashing.add(item);
    }
    this.start();
  }

  get isOpen(): boolean {
    return [...this.items.values()].some(isOpen);
  }

  pause(): void {
    this.paused = true;
    this.halt();
    this.changed();
  }

  resume(): void {
    this.paused = false;
    for (const item of this.items.values()) item.held = false;
    this.changed();
    this.go();
  }

  hold(item: Item): void {
    item.held = true;
    this.sending.get(item)?.stop();
    this.changed();
  }

  release(item: Item): void {
    item.held = false;
    this.changed();
    this.go();
  }

  retryFailed(): void {
    for (const item of this.items.values()) if (item.stage === "failed") this.again(item);
    this.start();
  }

  /** Take one back: what has arrived of it is removed from the server. */
  async cancel(item: Item): Promise<void> {
    const id = item.id;
    item.stage = "cancelled";
    this.sending.get(item)?.stop();
    this.hashing.stop(item);
    this.changed();
    if (id) await this.place.forget(item);
    this.go();
  }

  /** Take back all that is not stored yet. */
  async cancelAll(): Promise<void> {
    const open = [...this.items.values()].filter((item) => !["stored", "refused", "cancelled"].includes(item.stage));
    for (const item of open) item.stage = "cancelled";
    this.halt();
    this.changed();
    for (const item of open) if (item.id) await this.place.forget(item);
  }

  /** Let everything go without telling the server: what has arrived stays for another day. */
  leave(): void {
    this.paused = true;
    this.halt();
    this.stopTimers();
  }

  private halt(): void {
    this.hashing.stop();
    for (const transfer of this.sending.values()) transfer.stop();
    this.pace.reset();
  }

  private again(item: Item): void {
    item.tries = 0;
    item.reason = "";
    if (item.sha256) this.toDeclareNext(item);
    else this.hashing.add(item);
  }

  private start(): void {
    if (!this.timers.length) {
      this.timers = [
        setInterval(() => this.draw(), DRAW_MS),
        setInterval(() => void this.declareSome(), DECLARE_MS),
        setInterval(() => void this.check(), CHECK_MS),
        setInterval(() => this.watch(), 2_000),
      ];
    }
    this.changed();
    this.go();
  }

  private stopTimers(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
  }

  private go(): void {
    void this.hashing.next();
    this.sendMore();
  }

  private changed(): void {
    this.dirty = true;
    if (!this.timers.length) this.draw();
  }

  // ---- declaring

  private toDeclareNext(item: Item): void {
    item.stage = "hashed";
    this.toDeclare.push(item);
  }

  private async declareSome(): Promise<void> {
    if (this.declaring || this.paused || link.value !== "up" || !this.toDeclare.length) return;
    this.declaring = true;
    const batch = this.toDeclare.splice(0, DECLARED_AT_ONCE).filter((item) => item.stage === "hashed");
    try {
      if (batch.length) await this.declareAll(batch);
      this.undeclared = 0;
    } catch (why) {
      await this.notDeclared(batch.filter((item) => item.stage === "hashed"), why);
    }
    this.declaring = false;
    this.changed();
    this.sendMore();
  }

  /** Where the server refuses to hear of a batch, it is halved until the one file that it is about is found. */
  private async declareAll(batch: readonly Item[]): Promise<void> {
    try {
      this.declared(batch, await this.place.declare(batch.map(({ path, size, sha256 }) => ({ path, size, sha256 }))));
    } catch (why) {
      if (!(why instanceof ApiError) || judge(why.status) !== "refused") throw why;
      const [first] = batch;
      if (first && batch.length === 1) this.refusedBy(first, why);
      else {
        await this.declareAll(batch.slice(0, batch.length / 2));
        await this.declareAll(batch.slice(batch.length / 2));
      }
    }
  }

  private async notDeclared(batch: readonly Item[], why: unknown): Promise<void> {
    this.undeclared += 1;
    const verdict = why instanceof ApiError ? judge(why.status) : "again";
    if (verdict === "gone" || (this.undeclared > MOST_TRIES && !stopsAll(verdict))) {
      for (const item of batch) this.failed(item, why instanceof ApiError ? why.code : "unexpected");
      return;
    }
    this.toDeclare.unshift(...batch);
    await this.trouble(why, this.undeclared);
  }

  /** The server answers in the order asked. */
  private declared(batch: readonly Item[], answers: readonly StoredFile[]): void {
    for (const [index, item] of batch.entries()) {
      const answer = answers[index];
      if (answer && item.stage === "hashed") this.told(item, answer);
    }
  }

  private told(item: Item, answer: StoredFile): void {
    item.id = answer.id;
    item.url = answer.upload_url;
    item.sent = answer.offset;
    item.reason = answer.reason;
    if (answer.state === "stored" || answer.state === "refused" || answer.state === "checking") item.stage = answer.state;
    else this.due(item);
    this.dirty = true;
  }

  private due(item: Item): void {
    item.stage = "due";
    this.toSend.push(item);
  }

  // ---- sending

  private sendMore(): void {
    while (!this.paused && link.value === "up" && this.sending.size < SENDING_AT_ONCE) {
      const item = take(this.toSend, "due");
      if (!item) return;
      void this.send(item);
    }
  }

  private async send(item: Item): Promise<void> {
    item.stage = "sending";
    const before = item.sent;
    const transfer = new Transfer({
      file: item.file, id: item.id, url: item.url,
      onUrl: (url) => { item.url = url; },
      onBytes: (sent) => this.moved(item, sent),
    });
    this.sending.set(item, transfer);
    const failure = await transfer.done.then(() => null, (why: unknown) => why);
    this.sending.delete(item);
    this.changed();
    if (item.stage === "sending") {
      if (item.sent > before) item.tries = 0;
      if (failure === null) item.stage = "checking";
      else await this.notSent(item, failure);
    }
    this.sendMore();
  }

  private moved(item: Item, sent: number): void {
    this.pace.moved(sent - item.sent);
    item.sent = sent;
    this.dirty = true;
  }

  private async notSent(item: Item, why: unknown): Promise<void> {
    item.stage = "due";
    if (!(why instanceof TransferError)) {
      this.toSend.unshift(item);
      return;
    }
    item.tries += 1;
    const verdict = judge(why.status);
    if (why.status === -1) this.failed(item, "unreadable");
    else if (verdict === "refused") this.refusedBy(item, why);
    else if (item.tries > MOST_TRIES && !stopsAll(verdict)) this.failed(item, why.code || "unexpected");
    else await this.sendAgain(item, why, verdict);
  }

  private async sendAgain(item: Item, why: TransferError, verdict: Verdict): Promise<void> {
    await this.trouble(new ApiError(why.status, why.code, why.message), item.tries);
    if (item.stage !== "due") return;
    if (verdict === "again" || verdict === "gone") await this.askAfter(item);
    else this.toSend.unshift(item);
  }

  /** The server has another idea of this file: an answer was lost perhaps, and all of it is there. */
  private async askAfter(item: Item): Promise<void> {
    try {
      const [answer] = await this.place.look([item]);
      if (item.stage !== "due") return;
      if (answer) this.told(item, answer);
      else this.anew(item);
    } catch (why) {
      await this.trouble(why, item.tries);
      if (item.stage === "due") this.toSend.unshift(item);
    }
  }

  /** The server knows this upload no more: declare it again, from its first byte. */
  private anew(item: Item): void {
    item.url = null;
    item.sent = 0;
    this.toDeclareNext(item);
  }

  private refusedBy(item: Item, why: TransferError | ApiError): void {
    item.stage = "refused";
    item.reason = why.code || why.message;
  }

  private failed(item: Item, reason: string): void {
    item.stage = "failed";
    item.reason = reason;
  }

  /** Wait as long as it takes for whatever stands in the way of everybody. */
  private async trouble(why: unknown, tries = 1): Promise<void> {
    this.pace.reset();
    const verdict = why instanceof ApiError ? judge(why.status) : "again";
    if (stopsAll(verdict)) {
      broken(verdict);
      this.halt();
      await whenUp();
    } else {
      if (verdict === "csrf") await loadSession().catch(() => undefined);
      await new Promise((go) => setTimeout(go, backOff(tries, Math.random())));
    }
    this.go();
  }

  // ---- what the server makes of whole files

  private async check(): Promise<void> {
    if (this.checking || link.value !== "up") return;
    const batch = new Map([...this.items.values()].filter((item) => item.stage === "checking").map((item) => [item.id, item]));
    if (!batch.size) return;
    this.checking = true;
    try {
      for (const answer of await this.place.look([...batch.values()])) {
        const item = batch.get(answer.id);
        if (item?.stage === "checking" && this.isSure(item, answer)) this.told(item, answer);
      }
    } catch (why) {
      await this.trouble(why);
    }
    this.checking = false;
    this.changed();
    this.sendMore();
  }

  /** While the server puts a file in its place, it may call it waiting for a moment: that is believed later. */
  private isSure(item: Item, answer: StoredFile): boolean {
    if (answer.state !== "waiting") return true;
    item.tries += 1;
    return item.tries > MOST_TRIES;
  }

  // ---- the clock

  /** A machine that slept, or a line that died without a word: end what hangs, it is taken up again at once. */
  private watch(): void {
    for (const transfer of this.sending.values()) {
      if (transfer.isSilent) transfer.stop(new TransferError(0, "unreachable", "nothing was heard"));
    }
    this.go();
    if (this.isOpen || this.dirty) return;
    this.stopTimers();
    this.dirty = true;
    this.draw();
  }

  private draw(): void {
    if (!this.dirty) return;
    this.dirty = false;
    const all = sum(this.items.values());
    const pace = this.pace.look(all.bytes - all.doneBytes, !this.paused && this.sending.size > 0);
    this.view.value = { ...all, ...pace, paused: this.paused, current: this.current() };
  }

  private current(): Item[] {
    const held = [...this.items.values()].filter((item) => item.held && item.stage !== "stored" && !this.sending.has(item)).slice(0, 20);
    return [...this.sending.keys(), ...(this.hashing.item ? [this.hashing.item] : []), ...held].map((item) => ({ ...item }));
  }
}
