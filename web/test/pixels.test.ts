import assert from "node:assert/strict";
import { test } from "node:test";
import { around, boxAt, fromCorner, inside, isInside, toCorner, toPhoto, toScreen, type View } from "../src/photo/pixels";

const SIZE = { width_px: 4000, height_px: 3000 };

test("the centre of the first pixel is half a pixel from the corner", () => {
  assert.deepEqual(toCorner([0, 0]), [0.5, 0.5]);
  assert.deepEqual(fromCorner([0, 0]), [-0.5, -0.5]);
});

test("to the screen and back is the same point, at every zoom", () => {
  for (const scale of [0.05, 0.33, 1, 2.5, 24]) {
    const view: View = { scale, left: -317.25, top: 41.5, width: 1030, height: 642 };
    for (const [x, y] of [[-0.5, -0.5], [0, 0], [1999.37, 12.04], [3999.5, 2999.5]] as const) {
      const [backX, backY] = toPhoto(view, toScreen(view, [x, y]));
      assert.ok(Math.abs(backX - x) < 1e-6 && Math.abs(backY - y) < 1e-6);
    }
    assert.deepEqual(toScreen(view, [-0.5, -0.5]), [view.left, view.top]);
  }
});

test("the whole photo is from -0.5 to its size less 0.5", () => {
  assert.ok(isInside([-0.5, 2999.5], SIZE));
  assert.ok(!isInside([-0.51, 0], SIZE));
  assert.deepEqual(inside([-7, 5000], SIZE), [-0.5, 2999.5]);
});

test("a box is shown in its surroundings, in the middle", () => {
  const [left, top, width, height] = around([100, 200, 140, 220]);
  assert.deepEqual([left + width / 2, top + height / 2], [120.5, 210.5]);
  assert.equal(width, 240);
});

test("of boxes that hold a point the smallest is meant, and a tiny one is met nearby", () => {
  const large = { box_px: [0, 0, 100, 100] };
  const small = { box_px: [40, 40, 44, 44] };
  assert.equal(boxAt([large, small], [46, 42], 14), small);
  assert.equal(boxAt([large, small], [80, 80], 14), large);
  assert.equal(boxAt([large, small], [300, 80], 14), null);
});
