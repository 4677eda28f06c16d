// Writes everything that is generated from proto/: `npm run generate`.
//
//   --check      only tells whether anything would change
//   --baseline   keeps the definitions as they are now as what a change must not break; done when a release is made
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const generated = ["gen/src", "sdk/src/gen"];
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" });

function generate(directory: string): void {
  run("buf", "generate", "--output", directory);
  run("buf", "generate", "--output", directory, "--template", "buf.gen.web.yaml");
}

/** The files that differ between what is there and what would be generated. */
function changes(): string[] {
  const fresh = mkdtempSync(join(tmpdir(), "pontage-generated-"));
  try {
    generate(fresh);
    return generated.flatMap((folder) => {
      const names = new Set([...filesBelow(folder), ...filesBelow(join(fresh, folder))]);
      return [...names]
        .filter((name) => !same(join(folder, name), join(fresh, folder, name)))
        .map((n) => `${folder}/${n}`);
    });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => statSync(join(folder, name)).isFile());
}

function same(one: string, other: string): boolean {
  return existsSync(one) && existsSync(other) && readFileSync(one).equals(readFileSync(other));
}

if (process.argv.includes("--check")) {
  const changed = changes();
  if (changed.length > 0) {
    console.error(`Generated code does not match proto/. Run \`npm run generate\` and commit:\n${changed.join("\n")}`);
    process.exit(1);
  }
} else if (process.argv.includes("--baseline")) {
  run("buf", "build", "--path", "proto/pontage", "--exclude-source-info", "--output", "proto/baseline.binpb");
} else {
  generate(".");
}
