// `npm ci` refuses a lock file that leaves out an optional dependency, but `npm install` writes such files without a word.
import { readFileSync } from "node:fs";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockedPackage> };
const names = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, "")));
const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies)
    .filter((name) => !names.has(name))
    .map((name) => `${path} wants ${name}`),
);
if (missing.length > 0) {
  console.error(`package-lock.json leaves out optional dependencies:\n${missing.join("\n")}`);
  process.exit(1);
}
