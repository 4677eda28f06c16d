// Writes everything that is generated: `npm run generate`. With --check it only tells whether anything would change.
import { execFileSync } from "node:child_process";

const generated = ["gen/src", "sdk/src/gen"];
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" });

run("buf", "generate");
run("buf", "generate", "--template", "buf.gen.web.yaml");

if (process.argv.includes("--check")) {
  const changed = run("git", "status", "--porcelain", "--", ...generated).trim();
  if (changed) {
    console.error(`Generated code does not match proto/. Run \`npm run generate\` and commit:\n${changed}`);
    process.exit(1);
  }
}
