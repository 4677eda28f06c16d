import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";

const root = join(import.meta.dirname, "../golden");

/** Rewrites the golden files instead of comparing with them. Read the difference before committing it. */
export const updates = process.env.PONTAGE_UPDATE_GOLDEN === "1";

/** Compares with `test/golden/<path>`. A missing file fails: a new case is written on purpose. */
export function expectGolden(path: string, actual: string): void {
  const file = join(root, path);
  if (updates) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  const expected = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  expect(expected, `test/golden/${path} does not exist; write it with PONTAGE_UPDATE_GOLDEN=1`).toBeDefined();
  expect(actual).toBe(expected);
}
