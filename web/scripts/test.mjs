// Tests of what computes, without a browser: bundled as the page is, then run by node:test.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "qly-web-test-"));
const input = readdirSync(join(root, "test")).filter((name) => name.endsWith(".test.ts")).map((name) => join(root, "test", name));
try {
  await build({
    root, configFile: false, logLevel: "warn",
    build: { ssr: true, outDir: out, emptyOutDir: true, rolldownOptions: { input, output: { entryFileNames: "[name].mjs" } } },
    ssr: { noExternal: true },
  });
  const tests = readdirSync(out).filter((name) => name.endsWith(".test.mjs")).map((name) => join(out, name));
  process.exitCode = spawnSync(process.execPath, ["--test", ...tests], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
