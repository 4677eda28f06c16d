import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { Option } from "commander";

export type Format = "table" | "json" | "csv";

/** `-o table|json|csv`. */
export function formatOption(): Option {
  return new Option("-o, --output <format>", "table, json or csv").choices(["table", "json", "csv"]).default("table");
}

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly right?: boolean;
}

/** Prints rows: for people as a table, for programs as JSON (the RPC's own message) or CSV. */
export function printRows<T>(
  format: Format,
  columns: readonly Column<T>[],
  rows: readonly T[],
  json: () => unknown,
): void {
  if (format === "json") print(JSON.stringify(json(), null, 2));
  else if (format === "csv")
    print([columns.map(({ title }) => title), ...cells(columns, rows)].map(csvLine).join("\n"));
  else print(table(columns, rows));
}

export function messageJson<T extends DescMessage>(schema: T, message: MessageShape<T>): unknown {
  return toJson(schema, message, { alwaysEmitImplicit: true });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [columns.map(({ title }) => title.toUpperCase()), ...cells(columns, rows)];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (columns[i]!.right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cells<T>(columns: readonly Column<T>[], rows: readonly T[]): string[][] {
  return rows.map((row) => columns.map(({ value }) => value(row)));
}

/** A cell that begins like a formula gets a quote, so that no spreadsheet runs it. */
function csvLine(line: readonly string[]): string {
  return line
    .map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell))
    .map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(",");
}

/** `$12.34`; below a cent with as many digits as it takes to see something. */
export function dollars(nanoUsd: bigint): string {
  const usd = Number(nanoUsd) / 1e9;
  if (nanoUsd === 0n) return "$0.00";
  if (Math.abs(usd) >= 0.01) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(6).replace(/0+$/, "")}`.replace(/^\$0\.$/, "<$0.000001");
}

export function count(value: bigint | number): string {
  return value.toLocaleString("en-US");
}
