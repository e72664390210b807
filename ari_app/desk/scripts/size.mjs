// What a first visit loads, gzipped: fails above the limit, so that it is seen when it happens.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 150_000;
const files = ["index.html", ...readdirSync("dist/assets").map((name) => `assets/${name}`)];
const sizes = files.map((name) => [name, gzipSync(readFileSync(`dist/${name}`)).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${String(size).padStart(8)}  ${name}`);
console.log(`${String(total).padStart(8)}  of ${LIMIT} bytes, gzipped`);
if (total > LIMIT) process.exit(1);
