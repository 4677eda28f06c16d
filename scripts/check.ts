// What CI runs: `npm run check`. Every step is run even when one fails, so that one run tells everything.
import { spawnSync } from "node:child_process";

const tsc = ["node", "node_modules/typescript/bin/tsc", "--noEmit", "-p"];
const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ["format and lint", "biome", "ci", "."],
  ["types: server, tests", ...tsc, "."],
  ["types: sdk", ...tsc, "sdk"],
  ["types: admin-web", ...tsc, "admin-web"],
  ["types: tests in the browser", ...tsc, "test/e2e"],
  ["proto lint", "buf", "lint"],
  ["proto breaking", "buf", "breaking", "--against", "proto/baseline.binpb"],
  ["generated code", "node", "scripts/generate.ts", "--check"],
  ["lock file", "node", "scripts/check-lock.ts"],
  ["tests", "npm", "test"],
];

const failed: string[] = [];
for (const [name, command = "", ...args] of steps) {
  const startMs = performance.now();
  console.error(`\n> ${name}`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error) console.error(`  ${command}: ${error.message}`);
  console.error(`  ${status === 0 ? "passed" : "FAILED"} in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(", ")}`);
  process.exit(1);
}
console.error(`\nAll ${steps.length} checks passed.`);
