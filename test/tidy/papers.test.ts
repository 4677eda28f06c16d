import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../server/src/canonical/error.ts";
import { chatCommand } from "../../server/src/cli/chat.ts";
import { keysCommand } from "../../server/src/cli/keys.ts";
import { ledgerCommand } from "../../server/src/cli/ledger.ts";
import { providersCommand } from "../../server/src/cli/providers.ts";
import { startCommand } from "../../server/src/cli/start.ts";
import { usageCommand } from "../../server/src/cli/usage.ts";
import { ConfigSchema } from "../../server/src/config/schema.ts";
import { catalogue, type ProviderType, type Speech } from "../../server/src/providers/catalogue.ts";
import { simulatedModels } from "../../server/src/providers/simulated/models.ts";

/*
 * What the papers say of the program, held against the program. Prose can still be wrong; names cannot.
 */

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
/** Files that the papers speak of and that are not here: of a later release, of every reader's own, of other projects. */
const elsewhere = new Set(["x.ts", "x.test.ts", "proto/protovalidate/buf/validate/validate.proto"]);

const papers = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...filesBelow("docs").filter((path) => path.endsWith(".md")),
  "sdk/README.md",
  "proto-vendor/README.md",
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    if (name === "node_modules" || name === "dist") return [];
    const path = `${folder}/${name}`;
    return statSync(join(root, path)).isDirectory() ? filesBelow(path) : path;
  });
}

/** The first cells of a paper's tables, where they are code. */
function firstCells(text: string): string[] {
  return Array.from(text.matchAll(/^\| `([^`]+)`[^|]* \|/gm), ([, cell]) => cell!);
}

/** Blocks and spans of code, line by line. */
function codeIn(text: string): string[] {
  const blocks = Array.from(text.matchAll(/^```\w*\n([\s\S]*?)^```/gm), ([, code]) => code!.split("\n")).flat();
  const spans = Array.from(text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g), ([, code]) => code!);
  return [...blocks, ...spans];
}

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

function anchorsIn(path: string): string[] {
  return Array.from(read(path).matchAll(/^#+ (.+)$/gm), ([, heading]) => anchorOf(heading!));
}

test("there are papers, in the place they are looked for", () => {
  expect(papers).toEqual(expect.arrayContaining(["README.md", "ARCHITECTURE.md", "docs/errors.md"]));
});

test("every link leads somewhere", () => {
  expect(papers.flatMap((paper) => brokenLinks(paper).map((link) => `${paper}: ${link}`))).toEqual([]);
});

test("every file they name is there", () => {
  const files = ["server", "sdk", "admin-web", "proto", "gen", "scripts", "test", "docs", "proto-vendor"].flatMap(
    filesBelow,
  );
  files.push(...readdirSync(root));
  const folders = new Set(files.flatMap(foldersAbove));
  const isThere = (name: string) =>
    folders.has(name.replace(/\/$/, "")) || files.some((file) => `/${file}`.endsWith(`/${name}`));
  const isFile = /^[\w./-]+\.(ts|tsx|mjs|proto|binpb)$|^(server|sdk|admin-web|proto|gen|scripts|test|docs)\/[\w./-]+$/;
  expect(saidInCode((span) => (isFile.test(span) && !elsewhere.has(span) && !isThere(span) ? [span] : []))).toEqual([]);
});

test("every npm script they name is there", () => {
  expect(saidInCode(unknownScripts)).toEqual([]);
});

test("every command they name is there", () => {
  expect(saidInCode(unknownCommands)).toEqual([]);
});

/** What is wrong in the code of the papers, each with its paper. */
function saidInCode(wrongIn: (line: string) => readonly string[]): string[] {
  return papers.flatMap((paper) =>
    codeIn(read(paper))
      .flatMap(wrongIn)
      .map((wrong) => `${paper}: ${wrong}`),
  );
}

function brokenLinks(paper: string): string[] {
  const links = Array.from(read(paper).matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? paper : relative(root, join(root, dirname(paper), file));
      if (!existsSync(join(root, path))) return true;
      return anchor !== undefined && !anchorsIn(path).includes(anchor);
    });
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

function unknownScripts(line: string): string[] {
  return Array.from(line.matchAll(/\bnpm (?:(?:run )(?!-)([\w:-]+)|(start|test)\b)(.*)/g)).flatMap(
    ([whole, named, short, rest]) => {
      const workspace = /--workspace (\S+)/.exec(rest ?? "")?.[1];
      const { scripts } = JSON.parse(read(workspace ? `${workspace}/package.json` : "package.json")) as {
        scripts: Readonly<Record<string, string>>;
      };
      return Object.hasOwn(scripts, (named ?? short)!) ? [] : [whole];
    },
  );
}

const commands = new Map(
  [startCommand, keysCommand, usageCommand, providersCommand, ledgerCommand, chatCommand]
    .map((make) => make())
    .map((command) => [command.name(), command]),
);

/** `pontage keys rotate laptop --grace 1h`: the command, its subcommand and every option have to exist. */
function unknownCommands(line: string): string[] {
  const words = /(?:^|\s)pontage ((?:[a-z]+)\b.*)$/.exec(line)?.[1]?.split(/\s+/);
  if (!words || words[0] === "help") return [];
  const [name = "", ...rest] = words;
  const command = commands.get(name);
  // In prose in a block of output, the word stands for the product and not for a command.
  if (!command) return line.includes("npx pontage") || line.trim().startsWith("pontage ") ? [line] : [];
  const next = rest[0]?.startsWith("-") ? undefined : rest[0];
  const target = command.commands.length > 0 && next ? command.commands.find((one) => one.name() === next) : command;
  if (!target) return [line];
  return rest.filter((word) => /^--?[a-z]/.test(word) && !knowsOption(target, word)).map((word) => `${line}: ${word}`);
}

function knowsOption({ options }: Command, flag: string): boolean {
  return options.some(({ short, long }) => short === flag || long === flag);
}

test("docs/errors.md has every reason, with the status the program answers", () => {
  const rows = new Map(
    Array.from(read("docs/errors.md").matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm), ([, reason, status]) => [
      reason!,
      Number(status),
    ]),
  );
  const inProto = Array.from(
    read("proto/pontage/error/v1/error.proto").matchAll(/^\s+REASON_([A-Z_]+) = \d+;/gm),
    ([, reason]) => reason!,
  ).filter((reason) => reason !== "UNSPECIFIED");
  expect(inProto.length).toBeGreaterThan(0);
  const said = inProto.map((reason) => [reason, rows.get(reason)]);
  const answered = inProto.map((reason) => [
    reason,
    new GatewayError(Reason[reason as keyof typeof Reason], "").status,
  ]);
  expect(said).toEqual(answered);
  expect([...rows.keys()].filter((reason) => !inProto.includes(reason))).toEqual([]);
});

describe("docs/configuration.md", () => {
  const cells = firstCells(read("docs/configuration.md"));

  test("has every field of the schema, and no other", () => {
    const said = cells.filter((cell) => !isProviderType(cell));
    expect(said.toSorted()).toEqual(["providers", ...leavesOf(ConfigSchema as SchemaNode, "")].toSorted());
  });

  test("has every type of provider, with its variable and address", () => {
    const text = read("docs/configuration.md");
    const wrong = Object.entries(catalogue as Record<string, ProviderType>).filter(
      ([name, { env, baseUrl, local }]) => {
        const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
        const address = local && name === "simulated" ? "in process" : (baseUrl ?? "yours");
        return !row?.includes(address) || !(env ?? []).every((variable) => row.includes(`\`${variable}\``));
      },
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  test.each([
    ["Embeddings", ({ paths }: Speech) => paths.embed !== undefined],
    ["Older completions", ({ dialect }: Speech) => dialect === "openai-completions"],
  ] as const)("says who has what: %s", (what, has) => {
    const text = read("docs/configuration.md");
    const [, list = ""] = new RegExp(`^${what}[^:\n]*: ([^.]*)\\.`, "m").exec(text) ?? [];
    const able = Object.entries(catalogue as Record<string, ProviderType>).filter(([, { speaks }]) => speaks.some(has));
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(able.map(([name]) => name));
  });
});

function isProviderType(cell: string): boolean {
  return Object.hasOwn(catalogue, cell);
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
}

/** The paths of the values a person can set. A map with names of its own counts as one value unless it holds objects. */
function leavesOf({ properties, patternProperties }: SchemaNode, path: string): string[] {
  const below = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (properties) return Object.entries(properties).flatMap(([name, node]) => leavesOf(node, below(name)));
  const [named] = Object.values(patternProperties ?? {});
  return named?.properties ? leavesOf(named, below("<name>")) : [path];
}

test("docs/headers.md has every x-pontage header the program sends", () => {
  const sent = sourcesOf("server/src/http").flatMap((text) =>
    Array.from(text.matchAll(/"(x-pontage-[a-z-]+)"/g), ([, name]) => name!),
  );
  expect(sent.length).toBeGreaterThan(0);
  const paper = read("docs/headers.md");
  expect([...new Set(sent)].filter((name) => !paper.includes(`\`${name}`))).toEqual([]);
});

test("docs/operate.md has every environment variable the program reads", () => {
  const names = [...sourcesOf("server/src"), ...sourcesOf("sdk/src")].flatMap((text) => [
    ...Array.from(text.matchAll(/\benv\.([A-Z][A-Z_]+)\b/g), ([, name]) => name!),
    ...Array.from(text.matchAll(/\b(PONTAGE_[A-Z_]+): (?:url|token)\b/g), ([, name]) => name!),
    ...Array.from(text.matchAll(/fromEnvironment\("([A-Z_]+)"\)/g), ([, name]) => name!),
  ]);
  expect(names).toContain("PONTAGE_DATA");
  expect(names).toContain("PONTAGE_URL");
  const paper = read("docs/operate.md");
  expect([...new Set(names)].filter((name) => !new RegExp(`\`${name}\\b`).test(paper))).toEqual([]);
});

test("docs/use.md has every simulated model", () => {
  const cells = firstCells(read("docs/use.md")).filter((cell) => cell.startsWith("sim/"));
  expect(cells.toSorted()).toEqual(simulatedModels.map((name) => `sim/${name}`).toSorted());
});

function sourcesOf(folder: string): string[] {
  return filesBelow(folder)
    .filter((path) => path.endsWith(".ts") && !/\.(test|fixture)\.ts$|\/gen\//.test(path))
    .map(read);
}

test("README.md shows the first start as the program prints it", () => {
  const printed = read("server/src/cli/first-run.ts");
  const shown = [
    "for your programs",
    "signs in to the console",
    "Shown this once, keep",
    "first-key: may call every model",
  ];
  for (const words of shown) {
    expect(printed).toContain(words);
    expect(read("README.md")).toContain(words);
  }
});
