import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/*
 * Tables in the documentation that are made from data. They stand between two comments and are compared with what the data
 * says; `PONTAGE_UPDATE_GOLDEN=1` writes them.
 */

const begin = (name: string) => `<!-- made from ${name}; do not edit -->`;
const end = "<!-- until here -->";

export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

export function expectSection(page: string, name: string, table: string): void {
  const path = join(import.meta.dirname, "../../docs", page);
  const text = readFileSync(path, "utf8");
  const from = text.indexOf(begin(name));
  const to = text.indexOf(end, from);
  expect(from, `${page} has no place for ${name}`).toBeGreaterThanOrEqual(0);
  const written = `${text.slice(0, from)}${begin(name)}\n${table}\n${text.slice(to)}`;
  if (process.env.PONTAGE_UPDATE_GOLDEN) writeFileSync(path, written);
  else expect(text, `run with PONTAGE_UPDATE_GOLDEN=1 to write ${page}`).toBe(written);
}
