// Numbers and times as people read them. Rounding is 四舍五入: half away from zero, on the decimal digits.

/** `value` with `digits` decimals, rounded half away from zero on the digits that JavaScript prints for it. */
export function round(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return "–";
  const [whole = "0", decimals = ""] = plain(Math.abs(value)).split(".");
  const kept = whole + decimals.slice(0, digits).padEnd(digits, "0");
  const rounded = (BigInt(kept) + ((decimals[digits] ?? "0") >= "5" ? 1n : 0n)).toString().padStart(digits + 1, "0");
  const cut = rounded.length - digits;
  const shown = digits ? `${rounded.slice(0, cut)}.${rounded.slice(cut)}` : rounded;
  return value < 0 && /[1-9]/.test(shown) ? `-${shown}` : shown;
}

/** The shortest decimal digits of `value` without an exponent. */
function plain(value: number): string {
  const [digits = "0", exponent] = String(value).split("e");
  if (exponent === undefined) return digits;
  const [whole = "0", decimals = ""] = digits.split(".");
  const point = whole.length + Number(exponent);
  const all = whole + decimals;
  if (point <= 0) return `0.${"0".repeat(-point)}${all}`;
  return point >= all.length ? all.padEnd(point, "0") : `${all.slice(0, point)}.${all.slice(point)}`;
}

/** 1234567 → "1,234,567" */
export function count(value: number): string {
  return round(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in powers of 1,000 with three figures at most: "4.2 MB", "183 GB". */
export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(round(size, size < 100 ? 1 : 0)) >= 1000) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || Number(round(size, 1)) >= 100 ? 0 : 1;
  return `${round(size, digits)} ${UNITS[unit]}`;
}

/** A part of a whole in percent, never 100 before all is there. */
export function percent(done: number, total: number): string {
  if (total <= 0) return "0 %";
  const part = round((100 * done) / total, 0);
  return done < total && part === "100" ? "99 %" : `${part} %`;
}

export type Span = { hours: number; minutes: number; seconds: number };

/** Seconds as hours, minutes and seconds, rounded to what is worth saying: 5 s steps under a minute, minutes over ten. */
export function span(seconds: number): Span {
  const step = seconds < 60 ? 1 : seconds < 600 ? 5 : 60;
  const whole = Number(round(seconds / step)) * step;
  return { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60), seconds: whole % 60 };
}

const two = (value: number): string => String(value).padStart(2, "0");

function date(at: Date, zone?: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hourCycle: "h23", ...(zone ? { timeZone: zone } : {}),
  }).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")}`;
}

/** "2026-11-22 16:04:02" in the zone of this browser. */
export function localTime(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.valueOf()) ? iso : date(at);
}

/** "2026-11-22 08:04:02 UTC" */
export function utcTime(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.valueOf()) ? iso : `${date(at, "UTC")} UTC`;
}

/** "UTC+8", "UTC-3:30": the zone of this browser at that moment. */
export function zoneName(iso: string): string {
  const minutes = -new Date(iso).getTimezoneOffset();
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${two(rest)}` : ""}`;
}
