import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, localTime, percent, round, span, utcTime } from "../src/format";

test("half goes away from zero, on the digits that are read", () => {
  assert.equal(round(0.5), "1");
  assert.equal(round(1.5), "2");
  assert.equal(round(2.5), "3");
  assert.equal(round(-2.5), "-3");
  assert.equal(round(1.005, 2), "1.01"); // toFixed says 1.00
  assert.equal(round(8.345, 2), "8.35"); // toFixed says 8.35 or 8.34
  assert.equal(round(0.045, 2), "0.05");
  assert.equal(round(9.995, 2), "10.00");
  assert.equal(round(-0.004, 2), "0.00");
});

test("very large and very small numbers keep their digits", () => {
  assert.equal(round(1e21), "1000000000000000000000");
  assert.equal(round(1.5e-7, 7), "0.0000002");
  assert.equal(round(1.25e-7, 8), "0.00000013");
  assert.equal(round(123456789.5), "123456790");
  assert.equal(round(Number.NaN), "–");
});

test("rounding twice changes nothing, and never moves by more than half a step", () => {
  for (let turn = 0; turn < 5000; turn += 1) {
    const value = (Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 12 - 3);
    const digits = Math.floor(Math.random() * 5);
    const once = round(value, digits);
    assert.equal(round(Number(once), digits), once);
    assert.ok(Math.abs(Number(once) - value) <= 0.5 * 10 ** -digits * (1 + 1e-9) + Math.abs(value) * 1e-15, `${value} ${digits} ${once}`);
    assert.equal(round(-value, digits).replace("-", ""), once.replace("-", ""));
  }
});

test("bytes, counts and parts", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(1000), "1.0 KB");
  assert.equal(bytes(99_950), "100 KB");
  assert.equal(bytes(999_950), "1.0 MB");
  assert.equal(bytes(42_000_000_000), "42.0 GB");
  assert.equal(count(1234567), "1,234,567");
  assert.equal(count(999), "999");
  assert.equal(percent(0, 0), "0 %");
  assert.equal(percent(999_999, 1_000_000), "99 %");
  assert.equal(percent(5, 5), "100 %");
});

test("spans are said as coarsely as they are known", () => {
  assert.deepEqual(span(0.4), { hours: 0, minutes: 0, seconds: 0 });
  assert.deepEqual(span(59.6), { hours: 0, minutes: 1, seconds: 0 });
  assert.deepEqual(span(123), { hours: 0, minutes: 2, seconds: 5 });
  assert.deepEqual(span(3_629), { hours: 1, minutes: 0, seconds: 0 });
});

test("times in the reader's zone and in UTC", () => {
  process.env["TZ"] = "Asia/Shanghai";
  assert.equal(utcTime("2026-11-22T16:04:02Z"), "2026-11-22 16:04:02 UTC");
  assert.match(localTime("2026-11-22T16:04:02Z"), /^2026-11-2\d \d\d:04:02$/);
  assert.equal(localTime("not a time"), "not a time");
});
