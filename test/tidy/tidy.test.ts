import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

/*
 * The rules of the house, held against every file that is or would be committed. Each test lists what breaks its rule, so
 * that a failure says where to look.
 */

const root = join(import.meta.dirname, "../..");

/** Committed files and new ones that are not ignored. The owner of the folder does not matter to a reader. */
const files = execFileSync(
  "git",
  ["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
  { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 },
)
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(root, path)) && statSync(join(root, path)).isFile());

/** Written by a program, recorded from a provider, or another project's: not ours to write well. */
const notOurs =
  /^(gen\/src|sdk\/src\/gen|proto-vendor\/buf|test\/fixtures|test\/golden)\/|^(package-lock\.json|LICENSE)$/;
const ours = files.filter((path) => !notOurs.test(path) && !/\.(binpb|png|svg|ico|woff2)$/.test(path));
const code = ours.filter((path) => /\.(ts|tsx|mts|mjs|js|css|proto)$/.test(path));
const typed = code.filter((path) => /\.(ts|tsx|mts)$/.test(path));
/** This file names what it forbids. */
const others = (paths: readonly string[]) => paths.filter((path) => path !== "test/tidy/tidy.test.ts");

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Where a pattern occurs, as `file:line  text`. */
function places(paths: readonly string[], pattern: RegExp): string[] {
  return others(paths).flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}  ${line.trim().slice(0, 100)}`] : [])),
  );
}

/** What a file imports, types included. */
function importsOf(path: string): string[] {
  const statement =
    /^\s*(?:import|export)\b[^;"'=]*?\bfrom\s+["']([^"']+)["']|^import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;
  return Array.from(read(path).matchAll(statement), ([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

test("there is something to look at", () => {
  expect(code.length).toBeGreaterThan(200);
  expect(importsOf("server/src/gateway.ts")).toContain("./http/routes.ts");
});

describe("files", () => {
  test("none is longer than 500 lines", () => {
    const long = code
      .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 500);
    expect(long).toEqual([]);
  });

  test("none is named after nothing", () => {
    const empty = /^(utils?|helpers?|common|misc|shared|core|lib|stuff)$/i;
    const names = ours.flatMap((path) => [...dirname(path).split("/"), basename(path).replace(/\..*$/, "")]);
    expect([...new Set(names.filter((name) => empty.test(name)))]).toEqual([]);
  });

  test("every test file is run by exactly one project of the test run", () => {
    const listed = execFileSync(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "list", "--filesOnly", "--json"],
      {
        cwd: root,
        encoding: "utf8",
        maxBuffer: 1 << 26,
        // The project that is run by itself.
        env: { ...process.env, PONTAGE_CLIENTS: "1" },
      },
    );
    const run = (JSON.parse(listed.slice(listed.indexOf("["))) as { file: string }[]).map(({ file }) =>
      file.slice(root.length + 1),
    );
    const written = ours.filter((path) => /\.test\.tsx?$/.test(path));
    expect(run.toSorted()).toEqual(written.toSorted());
  });
});

describe("texts", () => {
  test("nothing is left for later in a comment", () => {
    expect(places(ours, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  test("no machine, no user and no tool of ours is named", () => {
    const machine = /(^|[\s"'`(=:])\/(work|home|Users|root)\/|\bC:\\Users\b/;
    expect(places(ours, machine)).toEqual([]);
  });

  test("no secret of a provider is in a file", () => {
    const secret =
      /\b(sk-proj-[\w-]{20,}|sk-ant-api\d\d-[\w-]{20,}|AKIA[0-9A-Z]{16}|ghp_\w{36}|-----BEGIN (RSA |EC )?PRIVATE KEY)/;
    // The alphabet is nobody's secret.
    expect(places(ours, secret).filter((place) => !/abcdefghijkl/i.test(place))).toEqual([]);
  });
});

describe("tests", () => {
  const tests = code.filter((path) => /\.test\.tsx?$/.test(path));
  test("none keeps the others from running, and none is put to sleep", () => {
    expect(places(tests, /\b(test|it|describe|suite)\.(only|skip|todo|fails)\b/)).toEqual([]);
  });
});

describe("types", () => {
  test("there is no way round the type checker", () => {
    expect(places(typed, /:\s*any\b(?! \w)|<any>|\bas any\b|\bany\[\]|@ts-(ignore|nocheck)|as unknown as any/)).toEqual(
      [],
    );
  });

  test("an expected error says why, in a sentence", () => {
    expect(places(typed, /@ts-expect-error(?!:? \S+ \S+ \S+)/)).toEqual([]);
  });

  test("the linter is obeyed", () => {
    expect(places(code, /biome-ignore|eslint-disable/)).toEqual([]);
  });
});

describe("layers", () => {
  const pure = ["canonical", "framing", "dialects"];
  /** Computation is no I/O. */
  const harmless = new Set(["node:buffer", "node:crypto", "node:string_decoder", "node:zlib"]);

  for (const layer of pure) {
    test(`${layer}/ does no I/O and knows none of the layers above it`, () => {
      const inside = typed.filter((path) => path.startsWith(`server/src/${layer}/`) && !path.endsWith(".test.ts"));
      expect(inside.length).toBeGreaterThan(0);
      const wrong = inside.flatMap((path) =>
        importsOf(path)
          .filter((from) => {
            if (from.startsWith("node:")) return !harmless.has(from);
            if (from.startsWith("."))
              return ![...pure, "edit-distance.ts"].some((name) =>
                join(dirname(path), from).startsWith(`server/src/${name}`),
              );
            return !from.startsWith("@bufbuild/protobuf") && !from.startsWith("@pontage/gen/");
          })
          .map((from) => `${path} imports ${from}`),
      );
      expect(wrong).toEqual([]);
      expect(places(inside, /\b(fetch|setTimeout|setInterval|process\.env|Date\.now|Math\.random)\b\s*[(.]/)).toEqual(
        [],
      );
    });
  }

  test("nothing imports the front door but what puts the gateway together", () => {
    const below = typed.filter((path) =>
      /^server\/src\/(canonical|framing|dialects|payload|pipeline|providers|events|billing|store)\//.test(path),
    );
    const wrong = below.flatMap((path) =>
      importsOf(path)
        .filter(
          (from) => from.startsWith(".") && /^server\/src\/(http|cli|admin|gateway)/.test(join(dirname(path), from)),
        )
        .map((from) => `${path} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the core never asks which provider it is for", () => {
    const core = typed.filter((path) => /^server\/src\/(canonical|framing|payload|pipeline|http)\//.test(path));
    const question = /provider(\.name|\.type|Name|Type)?\s*[!=]==?\s*["']|["']\s*[!=]==?\s*provider\b/;
    expect(places(core, question)).toEqual([]);
  });

  test("what ships does not import what tests", () => {
    const shipped = typed.filter(
      (path) => /^(server|sdk|admin-web)\/src\//.test(path) && !/\.(test|fixture)\.tsx?$|\/testing\//.test(path),
    );
    const wrong = shipped.flatMap((path) =>
      importsOf(path)
        .filter((from) =>
          /\.(test|fixture)\.|\/testing\/|^(vitest|fast-check|playwright-core)$|\.\.\/test\//.test(from),
        )
        .map((from) => `${path} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });
});
