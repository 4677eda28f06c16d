import { memo, type ReactNode } from "react";
import type { Column } from "./columns.tsx";

/** A line of a table: a row, or a remark over its whole width. */
export type TableLine<T> =
  | { readonly key: string; readonly row: T; readonly fresh?: boolean; readonly selected?: boolean }
  | { readonly key: string; readonly remark: ReactNode };

interface TableProps<T> {
  /** What the table holds, for people who hear it. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly lines: readonly TableLine<T>[];
  /** Makes the first cell of a row the link that opens it. It must not change from render to render. */
  readonly link?: (row: T, content: ReactNode) => ReactNode;
}

const from = { medium: "max-medium:hidden", wide: "max-wide:hidden" } as const;

function classes<T>(column: Column<T>): string {
  const align = column.align === "end" ? "text-right" : "text-left";
  return `px-2 first:pl-3.5 last:pr-3.5 whitespace-nowrap ${align} ${column.from ? from[column.from] : ""}`;
}

/** A native table: headers with a scope, a caption, a sticky head. Rows are not repainted unless they change. */
export function Table<T>({ caption, columns, lines, link }: TableProps<T>) {
  return (
    <table className="w-full border-separate border-spacing-0">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th
              key={column.name}
              scope="col"
              className={`sticky top-0 z-10 h-[34px] border-hairline border-b bg-surface text-label text-text-2 ${classes(column)}`}
            >
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) =>
          "remark" in line ? (
            <tr key={line.key}>
              <td colSpan={columns.length} className="h-[34px] border-hairline border-b bg-sunken px-3.5 text-text-2">
                {line.remark}
              </td>
            </tr>
          ) : (
            <Row
              key={line.key}
              row={line.row}
              columns={columns}
              link={link}
              fresh={line.fresh}
              selected={line.selected}
            />
          ),
        )}
      </tbody>
    </table>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly link?: ((row: T, content: ReactNode) => ReactNode) | undefined;
  readonly fresh?: boolean | undefined;
  readonly selected?: boolean | undefined;
}

function PlainRow<T>({ row, columns, link, fresh, selected }: RowProps<T>) {
  const look = selected ? "bg-selected" : "hover:bg-sunken";
  return (
    <tr className={`relative ${look} ${fresh ? "row-fresh" : ""}`} aria-current={selected ? "true" : undefined}>
      {columns.map((column, index) => {
        const className = `h-[34px] border-hairline border-b ${classes(column)}`;
        const content = column.cell(row);
        const title = column.hint?.(row);
        return index === 0 ? (
          <th key={column.name} scope="row" className={`font-normal ${className}`} title={title}>
            {link ? link(row, content) : content}
          </th>
        ) : (
          <td key={column.name} className={className} title={title}>
            {content}
          </td>
        );
      })}
    </tr>
  );
}

const Row = memo(PlainRow) as typeof PlainRow;
