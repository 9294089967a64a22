import assert from "node:assert/strict";
import { test } from "node:test";
import { align, commonRoot, isJunk, nfc } from "../src/upload/paths";

test("what systems leave on cards is no one's", () => {
  for (const path of [".DS_Store", "DCIM/.DS_Store", "a/Thumbs.db", "System Volume Information/x", "$RECYCLE.BIN/a.jpg", "DCIM/._DJI_0001.JPG"]) {
    assert.ok(isJunk(path), path);
  }
  for (const path of ["DCIM/DJI_0001.JPG", "照片/排污口.jpg", "mission.toml", "DCIM/.hidden.jpg"]) assert.ok(!isJunk(path), path);
});

test("names take the one form that the server keeps", () => {
  assert.equal(nfc("/e\u0301te\u0301/a.jpg"), "\u00e9t\u00e9/a.jpg");
});

test("the chosen folder's own name is left away, and only that", () => {
  assert.equal(commonRoot(["卡/DCIM/a.jpg", "卡/mission.toml"]), "卡/");
  assert.equal(commonRoot(["卡/a.jpg", "卡2/b.jpg"]), "");
  assert.equal(commonRoot(["a.jpg"]), "");
  assert.equal(commonRoot([]), "");
});

const known = ["1", "2", "3"].map((n) => ({ path: `DCIM/100MEDIA/DJI_${n}.JPG`, size: 10 + Number(n) }));

test("an upload goes on whatever level of the card is chosen", () => {
  assert.deepEqual(align(known, known), { add: "", cut: "" });
  const deeper = known.map(({ path, size }) => ({ path: path.slice("DCIM/".length), size }));
  assert.deepEqual(align(deeper, known), { add: "DCIM/", cut: "" });
  const deepest = known.map(({ path, size }) => ({ path: path.slice("DCIM/100MEDIA/".length), size }));
  assert.deepEqual(align(deepest, known), { add: "DCIM/100MEDIA/", cut: "" });
  const higher = known.map(({ path, size }) => ({ path: `card/${path}`, size }));
  assert.deepEqual(align([...higher, { path: "other/x.jpg", size: 1 }], known), { add: "", cut: "card/" });
});

test("another card is left as it is", () => {
  assert.deepEqual(align([{ path: "DCIM/100MEDIA/DJI_9.JPG", size: 5 }], known), { add: "", cut: "" });
  assert.deepEqual(align([{ path: "DJI_1.JPG", size: 99 }], known), { add: "", cut: "" });
});
