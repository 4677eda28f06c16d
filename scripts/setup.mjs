// Makes a fresh clone ready to run. Runs on any Node >= 20 with nothing installed, so it uses `node:` built-ins only.
//
//   node scripts/setup.mjs           the npm packages (which bring the project's own Node) and the console's files
//   node scripts/setup.mjs --tests   also the system programs the tests start: PostgreSQL, NATS, Chromium
//   node scripts/setup.mjs --clients also the programs of test/clients, which are a gigabyte
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installServices } from "./services.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const inRoot = (...parts) => join(root, ...parts);

/** Runs a program; its output is shown only when it fails. */
function run(what, command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  process.stderr.write(`\n${what} failed: ${result.error?.message ?? `exit code ${result.status}`}\n`);
  process.exit(1);
}

/** The environment without what the outer npm run put there, which would confuse an inner npm. */
function cleanEnvironment() {
  const dropped = /^npm_(lifecycle|package|config_(prefix|ignore_scripts))/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)));
}

/** Installs what a folder's lockfile says, unless it is there. */
function installPackages(folder = ".") {
  const stamp = inRoot(folder, "node_modules", ".pontage-setup");
  const wanted = createHash("sha256")
    .update(readFileSync(inRoot(folder, "package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write("Installing packages (once, about 20 s) ...\n");
  // Install scripts stay off: nothing here needs one, and they are how a bad package gets to run.
  run("npm ci", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: inRoot(folder),
    env: cleanEnvironment(),
    shell: process.platform === "win32",
  });
  writeFileSync(stamp, wanted);
}

/** The newest change of a file, or of anything below a folder, in milliseconds. A removed file changes its folder. */
function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/** What the console is made of: its own files, and the SDK's. */
const consoleSources = [
  ...["index.html", "package.json", "public", "src", "vite.config.ts"].map((name) => inRoot("admin-web", name)),
  inRoot("sdk", "src"),
  inRoot("package-lock.json"),
];

function buildConsole() {
  const built = inRoot("admin-web", "dist", "index.html");
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...consoleSources.map(newestChange))) return;
  process.stderr.write("Building the console (once, about 2 s) ...\n");
  run(
    "vite build",
    inRoot("node_modules", ".bin", "node"),
    [inRoot("node_modules", "vite", "bin", "vite.js"), "build"],
    {
      cwd: inRoot("admin-web"),
    },
  );
}

installPackages();
buildConsole();
if (process.argv.includes("--clients")) installPackages("test/clients/programs");
if (process.argv.includes("--tests")) await installServices();
