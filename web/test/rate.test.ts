import assert from "node:assert/strict";
import { test } from "node:test";
import { newItem, sum, take } from "../src/upload/item";
import { backOff, judge } from "../src/upload/judge";
import { Rate, secondsLeft, smoothed } from "../src/upload/rate";

test("a steady line has its own speed, whatever came before", () => {
  const rate = new Rate();
  assert.equal(rate.bytesPerSecond, null);
  for (let at = 0; at <= 120_000; at += 300) rate.add(at, at < 60_000 ? at * 10 : 600_000 + (at - 60_000) * 2);
  assert.ok(Math.abs((rate.bytesPerSecond ?? 0) - 2000) < 1);
  rate.reset();
  assert.equal(rate.bytesPerSecond, null);
});

test("the time left falls with the clock and does not jump", () => {
  assert.equal(secondsLeft(1000, null), null);
  assert.equal(secondsLeft(1000, 0), null);
  assert.equal(secondsLeft(1000, 100), 10);
  assert.equal(smoothed(null, 1, 10), 10);
  assert.equal(smoothed(100, 1, 99), 99);
  const next = smoothed(100, 1, 129) ?? 0;
  assert.ok(next > 99 && next < 129);
  assert.equal(smoothed(10, 1, 500), 500); // it was wrong altogether
});

test("sums leave out what will never be there", () => {
  const file = new File(["x"], "a");
  const at = (stage: ReturnType<typeof newItem>["stage"], size: number, sent = 0) => ({ ...newItem(stage, size, file), stage, sent, sha256: "a" });
  const all = sum([at("stored", 10), at("sending", 100, 40), at("refused", 1000), at("cancelled", 5000), at("failed", 7), at("checking", 3, 3)]);
  assert.equal(all.files, 5);
  assert.equal(all.bytes, 120);
  assert.equal(all.doneBytes, 53);
  assert.equal(all.open, 2);
  assert.equal(all.refused, 1);
  assert.equal(all.cancelled, 1);
});

test("what is held stays in the queue, what has moved on is dropped", () => {
  const [a, b, c] = ["a", "b", "c"].map((path) => newItem(path, 1, new File([], path)));
  assert.ok(a && b && c);
  a.held = true;
  b.stage = "stored";
  const queue = [a, b, c];
  assert.equal(take(queue, "picked"), c);
  assert.deepEqual(queue, [a]);
  assert.equal(take(queue, "picked"), undefined);
});

test("every answer has a meaning, and no file gives up on a line that is down", () => {
  for (const status of [0, 502, 503, 504]) assert.equal(judge(status), "down");
  for (const status of [409, 412, 460, 500]) assert.equal(judge(status), "again");
  assert.equal(judge(401), "signed_out");
  assert.equal(judge(404), "gone");
  assert.equal(judge(507), "full");
  assert.equal(judge(422), "refused");
  assert.ok(backOff(1, 0.5) < backOff(3, 0.5));
  assert.ok(backOff(100, 1) <= 37_500);
});
