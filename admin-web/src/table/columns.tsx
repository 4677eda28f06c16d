import type { ReactNode } from "react";

/** A column: its name, how it shows a row, and from which width on it is shown at all. */
export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ReactNode;
  /** What hovering tells beyond the cell. */
  readonly hint?: (row: T) => string | undefined;
  readonly align?: "start" | "end";
  /** Hidden on screens narrower than this. What is hidden is in the row's detail. */
  readonly from?: "medium" | "wide";
}

type Options<T> = Pick<Column<T>, "hint" | "from">;

/** A column of words. */
export function text<T>(name: string, cell: (row: T) => ReactNode, options: Options<T> = {}): Column<T> {
  return { name, cell, align: "start", ...options };
}

/** A column of figures, set flush right so that digits stand under digits. */
export function figure<T>(name: string, cell: (row: T) => ReactNode, options: Options<T> = {}): Column<T> {
  return { name, cell, align: "end", ...options };
}
