// The client as a package: made, packed, and used as by somebody who has nothing else of this directory.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const source = resolve("src/api");
const run = (command, ...words) => execFileSync(command, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
rmSync(join(source, "dist"), { recursive: true, force: true });
run("npx", "--no-install", "tsc", "-p", source);
copyFileSync(join(source, "schema.d.ts"), join(source, "dist", "schema.d.ts"));
for (const name of readdirSync(join(source, "dist"))) {
  // Node wants the endings of files that a bundler finds without; so does TypeScript for Node, of types.
  const file = join(source, "dist", name);
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/from "(\.\/\w+)"/g, 'from "$1.js"'));
}

const room = mkdtempSync(join(tmpdir(), "client-"));
try {
  const packed = run("npm", "pack", source, "--pack-destination", room, "--loglevel=error").trim().split("\n").at(-1);
  run("tar", "-xzf", join(room, packed), "-C", room);
  symlinkSync(resolve("node_modules"), join(room, "node_modules"));
  writeFileSync(
    join(room, "use.mjs"),
    `import { answer, connect, EventStream, Refused } from "./package/dist/index.js";
     const api = connect(() => null, () => {}, "http://127.0.0.1:1");
     const refused = await answer(api.GET("/v1/me")).catch((error) => error);
     if (!(refused instanceof Refused) || refused.code !== "network" || typeof EventStream !== "function") process.exit(1);`,
  );
  run("node", join(room, "use.mjs"));
  writeFileSync(
    join(room, "use.mts"),
    `import { answer, connect, EventStream, Refused } from "./package/dist/index.js";
     const api = connect(() => null, () => {}, "http://127.0.0.1:1");
     const state: string = (await answer(api.GET("/v1/me"))).state;
     new EventStream(async () => state, { event: (event) => event.type, connection: () => {}, sessionEnded: () => {}, quiet: () => {} });`,
  );
  const compilerOptions = { noEmit: true, strict: true, target: "es2022", lib: ["es2022", "dom"], types: [], module: "nodenext" };
  writeFileSync(join(room, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.mts"] }));
  run("npx", "--no-install", "tsc", "-p", room);
  console.log(`${packed} can be used`);
} finally {
  rmSync(room, { recursive: true });
}
