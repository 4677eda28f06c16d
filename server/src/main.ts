import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Compiled code is kept beside the packages it comes from, which halves the start. Where that cannot be written to, nothing is.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/pontage", import.meta.url)));

const { run } = await import("./cli/program.ts");
process.exitCode = await run(process.argv.slice(2));
