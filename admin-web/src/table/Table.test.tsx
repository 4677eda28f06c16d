import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { figure, text } from "./columns.tsx";
import { Table } from "./Table.tsx";

const columns = [text<number>("Name", (n) => `row ${n}`), figure<number>("Square", (n) => n * n, { from: "wide" })];

test("it is a native table with a caption, scoped headers and one link a row", () => {
  const markup = renderToStaticMarkup(
    <Table
      caption="Squares"
      columns={columns}
      lines={[
        { key: "3", row: 3, selected: true },
        { key: "gap", remark: "2 are missing" },
      ]}
      link={(n, content) => <a href={`?open=${n}`}>{content}</a>}
    />,
  );
  expect(markup).toContain('<caption class="sr-only">Squares</caption>');
  expect(markup.match(/<th scope="col"/g)).toHaveLength(2);
  expect(markup.match(/<th scope="row"/g)).toHaveLength(1);
  expect(markup).toContain('<a href="?open=3">row 3</a>');
  expect(markup).toContain('aria-current="true"');
  expect(markup).toMatch(/<td colSpan="2"[^>]*>2 are missing<\/td>/);
  expect(markup).not.toContain("style=");
});
