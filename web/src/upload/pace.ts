// How fast an upload is, and how long it will take, as it is shown.

import { Rate, secondsLeft, smoothed } from "./rate";

export class Pace {
  private readonly rate = new Rate();
  private wireBytes = 0;
  private left_s: number | null = null;
  private drawn_ms = 0;

  /** So many more bytes went over the wire. */
  moved(bytes: number): void {
    if (bytes > 0) this.wireBytes += bytes;
  }

  /** What was measured before a pause or a broken line says nothing about afterwards. */
  reset(): void {
    this.rate.reset();
  }

  /** Now, with `left` bytes to go; `sending`: whether anything is on its way. */
  look(left: number, sending: boolean): { bytesPerSecond: number | null; secondsLeft: number | null } {
    const now_ms = performance.now();
    if (sending) this.rate.add(now_ms, this.wireBytes);
    const bytesPerSecond = this.rate.bytesPerSecond;
    this.left_s = smoothed(this.left_s, (now_ms - this.drawn_ms) / 1000, secondsLeft(left, bytesPerSecond));
    this.drawn_ms = now_ms;
    return { bytesPerSecond, secondsLeft: this.left_s };
  }
}
