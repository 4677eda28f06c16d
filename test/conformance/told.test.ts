import { test } from "vitest";
import { told } from "../../server/src/dialects/told.ts";
import { expectSection, tableOf } from "./page.ts";

test("docs/errors.md has the table of failures as the code has it", () => {
  const code = (word: string | undefined) => (word === undefined ? "" : `\`${word}\``);
  const rows = Object.entries(told).map(([failure, { openai, anthropic, google, aws, status = {}, retry }]) => [
    failure,
    `${code(openai.type)} ${code(openai.code ?? openai.elseCode)}`.trim(),
    ...[code(anthropic), code(google), code(aws)],
    Object.entries(status)
      .map(([vendor, value]) => `${vendor} ${value}`)
      .join(", "),
    retry ? "yes" : "no",
  ]);
  const header = ["failure", "OpenAI: type, code", "Anthropic", "Google", "AWS", "other status", "worth a retry"];
  expectSection("errors.md", "server/src/dialects/told.ts", tableOf(header, rows));
});
