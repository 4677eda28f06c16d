import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * The vendors' published schemas, as their own libraries have them: the names of the fields of an interface in a declaration
 * file, or those that a converter writes.
 */

const root = join(import.meta.dirname, "../../../node_modules");
const texts = new Map<string, string>();

function textOf(file: string): string {
  const known = texts.get(file) ?? readFileSync(join(root, file), "utf8");
  texts.set(file, known);
  return known;
}

/** The fields of an interface, with those it extends in the same file. `A.B` is the one in the namespace. */
export function fieldsOfInterface(file: string, name: string): string[] {
  return fieldsIn(file, textOf(file), name);
}

function fieldsIn(file: string, text: string, path: string): string[] {
  const [name = "", ...inner] = path.split(".");
  const kind = inner.length > 0 ? "namespace" : "(?:interface|class)";
  const pattern = new RegExp(`^( *)(?:export )?(?:declare )?${kind} ${name}(?: extends ([\\w., ]+))? \\{\\r?\\n`, "m");
  const head = pattern.exec(text);
  if (!head) throw new Error(`${file} has no ${path}`);
  const [whole, indent = "", parents] = head;
  const rest = text.slice(head.index + whole.length);
  const body = rest.slice(0, rest.search(new RegExp(`^${indent}\\}`, "m")));
  if (inner.length > 0) return fieldsIn(file, body, inner.join("."));
  const member = new RegExp(`^${indent} {4}(?:readonly )?['"]?([\\w-]+)['"]?\\??:`, "gm");
  const own = Array.from(body.matchAll(member), ([, field]) => field!);
  const inherited = (parents ?? "").split(",").flatMap((parent) => {
    // What other files hold is not looked for.
    return parent && !parent.includes(".") ? fieldsOfInterface(file, parent.trim()) : [];
  });
  return [...new Set([...inherited, ...own])];
}

/** The fields at the top of a request that functions of a library write, whose own parameters have another shape. */
export function fieldsWritten(file: string, functions: readonly string[], into: string): string[] {
  const fields = functions.flatMap((name) => {
    const from = textOf(file).indexOf(`function ${name}(`);
    if (from === -1) throw new Error(`${file} has no function ${name}`);
    const body = textOf(file).slice(from, textOf(file).indexOf("\n}", from));
    const target = name.includes("Config") && into === "toObject" ? "parentObject" : into;
    return Array.from(body.matchAll(new RegExp(`\\(${target}, \\[\\s*'(\\w+)'`, "g")), ([, field]) => field!);
  });
  return [...new Set(fields)];
}
