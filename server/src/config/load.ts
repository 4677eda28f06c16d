import { readFileSync } from "node:fs";
import { Settings } from "typebox/system";
import Value from "typebox/value";
import { isNode, LineCounter, type Node, parseDocument } from "yaml";
import { nearest } from "../edit-distance.ts";
import { providerProblems } from "./provider-rules.ts";
import { type Config, ConfigSchema } from "./schema.ts";

/** Something wrong in a configuration file, and where. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A configuration that cannot be used. Prints one line for each problem, `file:line:column  path: what`. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map(({ line, column, message }) => `${file}:${line}:${column}  ${message}`).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

export function loadConfig(file: string, env: ConfigSources["env"]): Config {
  const readFile = (path: string) => readFileSync(path, "utf8");
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    throw new ConfigError(file, [{ line: 1, column: 1, message: `cannot be read: ${(error as Error).message}` }]);
  }
  return parseConfig(file, text, { env, readFile });
}

/** Reads YAML (and so JSON), puts variables in their places, and checks it against the schema. */
export function parseConfig(file: string, text: string, sources: ConfigSources): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: ConfigProblem[] = [];
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  for (const error of document.errors) {
    const [what = "not YAML"] = error.message.split("\n");
    problems.push({ ...at(error.pos[0]), message: what.replace(/ at line \d+, column \d+:$/, ".") });
  }
  if (problems.length > 0) throw new ConfigError(file, problems);

  const place = (path: readonly string[]) => at(placeOf(document.contents, path));
  const value = substitute(document.toJS() as unknown, [], sources, (path, message) => {
    problems.push({ ...place(path), message: `${path.join(".")}: ${message}` });
  });
  for (const { path, message } of [...schemaProblems(value), ...providerProblems(value)]) {
    problems.push({ ...place(path), message: path.length > 0 ? `${path.join(".")}: ${message}` : message });
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
  return value as Config;
}

/** `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}`; `$$` is a dollar sign. A missing variable is a problem. */
function substitute(
  value: unknown,
  path: readonly string[],
  sources: ConfigSources,
  problem: (path: readonly string[], message: string) => void,
): unknown {
  if (Array.isArray(value)) return value.map((item, i) => substitute(item, [...path, String(i)], sources, problem));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, [...path, key], sources, problem)]),
    );
  }
  if (typeof value !== "string") return value;
  return value.replace(/\$\$|\$\{(env|file):([^}]*)\}/g, (whole, kind: string | undefined, rest: string) => {
    if (whole === "$$") return "$";
    if (kind === "file") {
      try {
        return sources.readFile(rest).trim();
      } catch (error) {
        problem(path, `${rest} cannot be read: ${(error as Error).message}`);
        return "";
      }
    }
    const [name = "", fallback] = rest.split(/:-(.*)/s);
    const found = sources.env[name] || fallback;
    if (found === undefined)
      problem(path, `the environment variable ${name} is not set. Set it or say \${env:${name}:-default}.`);
    return found ?? "";
  });
}

interface SchemaProblem {
  readonly path: readonly string[];
  readonly message: string;
}

// A value that is none of a union's counts as one error for each of them, so the usual 8 would hide what comes after.
Settings.Set({ maxErrors: 500 });

function schemaProblems(value: unknown): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const error of Value.Errors(ConfigSchema, value)) {
    const path = error.instancePath
      .split("/")
      .slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const params = error.params as { additionalProperties?: string[]; requiredProperties?: string[]; pattern?: string };
    switch (error.keyword) {
      case "additionalProperties":
        for (const name of params.additionalProperties ?? []) {
          const known = knownFields(path);
          problems.push({ path: [...path, name], message: `unknown field.${didYouMean(name, known)}` });
        }
        break;
      case "required":
        for (const name of params.requiredProperties ?? []) problems.push({ path, message: `\`${name}\` is missing.` });
        break;
      case "boolean": // said again, and better, by `additionalProperties`
      case "const":
        if (path.at(-1) === "version") problems.push({ path, message: "must be 1." });
        break;
      case "anyOf": {
        const given = String(valueAt(value, path));
        const known = path.at(-1) === "type" ? providerTypes() : [];
        const what = path.at(-1) === "type" ? "a provider type" : "one of the values known here";
        problems.push({ path, message: `"${given}" is not ${what}.${didYouMean(given, known)}` });
        break;
      }
      default:
        problems.push({ path, message: `${error.message}${params.pattern ? ` ${params.pattern}` : ""}.` });
    }
  }
  return problems;
}

interface AnySchema {
  readonly properties?: Readonly<Record<string, AnySchema>>;
  readonly patternProperties?: Readonly<Record<string, AnySchema>>;
  readonly anyOf?: readonly { readonly const?: string }[];
}

function schemaAt(path: readonly string[]): AnySchema | undefined {
  let schema: AnySchema | undefined = ConfigSchema as AnySchema;
  for (const step of path) schema = schema?.properties?.[step] ?? Object.values(schema?.patternProperties ?? {})[0];
  return schema;
}

function knownFields(path: readonly string[]): string[] {
  return Object.keys(schemaAt(path)?.properties ?? {});
}

function providerTypes(): string[] {
  return (schemaAt(["providers", "any", "type"])?.anyOf ?? []).flatMap((one) => one.const ?? []);
}

function didYouMean(given: string, known: readonly string[]): string {
  const near = nearest(given, known);
  return near ? ` Did you mean "${near}"?` : "";
}

/** Where a value stands, or the nearest thing above it that does. */
function placeOf(root: unknown, path: readonly string[]): number {
  let node: unknown = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const step of path) {
    const items = (node as { items?: readonly unknown[] } | null)?.items;
    if (!items) break;
    const item = items.find((one) => keyOf(one) === step) ?? items[Number(step)];
    if (!item) break;
    const pair = item as { key?: Node; value?: unknown };
    offset = (pair.key?.range ?? (item as Node).range)?.[0] ?? offset;
    node = pair.key ? pair.value : item;
  }
  return offset;
}

function keyOf(item: unknown): string | undefined {
  const key = (item as { key?: { value?: unknown } }).key;
  return key === undefined ? undefined : String(key.value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}
