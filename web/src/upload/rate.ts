// How fast bytes go, smoothed, and how long the rest will take.

interface Sample {
  at_ms: number;
  bytes: number;
}

const WINDOW_MS = 30_000;
const LEAST_MS = 2_000;

/** Bytes a second over the last half minute; time without work (paused, offline) does not count. */
export class Rate {
  private samples: Sample[] = [];

  /** `bytes`: all that were sent so far. */
  add(at_ms: number, bytes: number): void {
    const last = this.samples.at(-1);
    if (last && at_ms - last.at_ms < 200) return;
    this.samples.push({ at_ms, bytes });
    while (this.samples.length > 2 && at_ms - (this.samples[0] as Sample).at_ms > WINDOW_MS) this.samples.shift();
  }

  /** Forget what was: the next samples follow a pause. */
  reset(): void {
    this.samples = [];
  }

  /** null: too little is known yet. */
  get bytesPerSecond(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at_ms - first.at_ms < LEAST_MS) return null;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at_ms - first.at_ms));
  }
}

/** Seconds until `left` bytes are there; null when nothing moves or nothing is known. */
export function secondsLeft(left: number, bytesPerSecond: number | null): number | null {
  return bytesPerSecond === null || bytesPerSecond < 1 ? null : left / bytesPerSecond;
}

/** An estimate that does not jump: it falls with the clock, and follows a new one by a third. */
export function smoothed(before: number | null, passed_s: number, now: number | null): number | null {
  if (now === null || before === null) return now;
  const expected = Math.max(0, before - passed_s);
  return Math.abs(now - expected) > expected ? now : expected + (now - expected) / 3;
}
