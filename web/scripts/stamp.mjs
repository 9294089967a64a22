// After a build: pack what is worth packing, and write static/build.json, the SHA-256 over the sources, by which a test
// that needs no Node sees a stale build.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = fileURLToPath(new URL("../../pipeline/server/static", import.meta.url));
const SOURCES = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "public", "src"];

function files(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

const named = SOURCES.flatMap((name) => files(join(root, name))).map((path) => [relative(root, path).split(sep).join("/"), path]);
named.sort(([a], [b]) => (a < b ? -1 : 1));

// Line ends do not count, so that a checkout on Windows has the same digest.
const digest = createHash("sha256");
for (const [name, path] of named) {
  const content = readFileSync(path, "latin1").replaceAll("\r\n", "\n");
  digest.update(`${name}\0${Buffer.byteLength(content, "latin1")}\0`).update(content, "latin1");
}
writeFileSync(join(built, "build.json"), `${JSON.stringify({ sources: digest.digest("hex"), files: named.length })}\n`);

const WORTH_BYTES = 10_000;
for (const path of files(join(built, "assets"))) {
  const content = readFileSync(path);
  if (/\.(js|mjs|css)$/.test(path) && content.length > WORTH_BYTES) writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
