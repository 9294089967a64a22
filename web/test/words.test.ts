import assert from "node:assert/strict";
import { test } from "node:test";

// The language is remembered by a browser; here there is none.
Object.assign(globalThis, { document: { documentElement: {} }, localStorage: { getItem: () => null, setItem: () => undefined } });
const { classWord, fill, lang, maybe, problem, setLang, t } = await import("../src/i18n");

test("Chinese first, English by the switch", () => {
  assert.equal(lang.value, "zh");
  assert.equal(t("sign_in"), "登录");
  setLang("en");
  assert.equal(t("sign_in"), "Sign in");
  setLang("zh");
});

test("values are put in, and what has none is left", () => {
  assert.equal(fill("{n} of {all}, {z}", { n: 1, all: 2 }), "1 of 2, {z}");
  assert.equal(fill("{n}", { n: "{n}" }), "{n}");
});

test("unknown classes are said by their nearest parent, unknown codes by the server's sentence", () => {
  assert.equal(classWord("smoke/straw"), "秸秆焚烧");
  assert.equal(classWord("smoke/tyres"), "烟雾");
  assert.equal(classWord("unheard/of"), "unheard/of");
  assert.equal(problem("no such code", "a sentence"), "a sentence");
  assert.equal(problem("too_many", "", { detail: 30 }), "尝试次数过多，请 30 秒后再试。");
  assert.equal(maybe("no such key"), "no such key");
});
