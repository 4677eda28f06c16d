// The system programs the tests run against: finds them, installs them, starts and stops throw-away servers.
//
// Runs on any Node >= 20 with nothing installed, so it uses `node:` built-ins only. For every program the order is: a URL
// or path in the environment, then a program that is already there, then (root on Debian) one quiet apt-get, and otherwise
// a loud word about what is missing. Types are in services.d.mts.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const programs = {
  postgresql: { environment: "PONTAGE_TEST_POSTGRES_URL", package: "postgresql", find: findPostgres },
  "nats-server": { environment: "PONTAGE_TEST_NATS_URL", package: "nats-server", find: findNats },
  chromium: { environment: "PONTAGE_TEST_CHROMIUM", package: "chromium", find: findChromium },
};

function findProgram(names, moreFolders = []) {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...moreFolders]) {
    for (const name of names) {
      const path = join(folder, name);
      if (folder !== "" && existsSync(path) && isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The folder that has both `initdb` and `postgres`, the newest version first. */
export function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find((folder) => ["initdb", "postgres"].every((name) => isExecutable(join(folder, name))));
}

export function findNats() {
  return findProgram(["nats-server"], ["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"]);
}

export function findChromium() {
  const given = process.env.PONTAGE_TEST_CHROMIUM;
  if (given) return given;
  const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
  return (
    findProgram(["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]) ??
    (isExecutable(mac) ? mac : undefined)
  );
}

/** What the tests would have to do without, by name. */
export function missingServices() {
  return Object.keys(programs).filter((name) => !process.env[programs[name].environment] && !programs[name].find());
}

/** Installs what is missing where that can be done without asking, and says loudly what stays missing. */
export async function installServices() {
  let missing = missingServices();
  if (missing.length > 0 && canUseApt()) {
    process.stderr.write(`Installing ${missing.join(", ")} for the tests (once, up to a minute) ...\n`);
    await aptInstall(missing);
    missing = missingServices();
  }
  for (const name of missing) {
    process.stderr.write(
      `\n!! ${name} is missing, so the tests that need it are skipped. Install the package ${programs[name].package}, ` +
        `or set ${programs[name].environment}.\n`,
    );
  }
  return { missing };
}

function canUseApt() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && findProgram(["apt-get"]) !== undefined;
}

async function aptInstall(names) {
  const packages = names.map((name) => programs[name].package);
  // The terminal's Ctrl+C reaches apt-get as well; this process has to outlive it to put the two files back.
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const restore = [keepDaemonsDown(), ...(names.includes("postgresql") ? [createNoCluster()] : [])];
  try {
    const install = [
      "install",
      "--yes",
      "--quiet=2",
      "--no-install-recommends",
      "-o",
      "Dpkg::Options::=--force-confold",
    ];
    let updated = false;
    if (packageListsAreStale()) updated = (await apt(["update", "--quiet=2"])).ok;
    let result = await apt([...install, ...packages]);
    if (!result.ok && !updated && !interrupted) {
      await apt(["update", "--quiet=2"]);
      result = await apt([...install, ...packages]);
    }
    // One package that cannot be had must not keep the others away.
    if (!result.ok && !interrupted && packages.length > 1) for (const name of packages) await apt([...install, name]);
    if (!result.ok) process.stderr.write(`${result.output}\napt-get could not install ${packages.join(", ")}.\n`);
  } finally {
    for (const undo of restore) undo();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  if (interrupted) process.exit(130);
}

async function apt(args) {
  const child = spawn("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", UCF_FORCE_CONFFOLD: "1", LC_ALL: "C" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  return { ok: code === 0, output };
}

function packageListsAreStale() {
  const folder = "/var/lib/apt/lists";
  const lists = existsSync(folder) ? readdirSync(folder).filter((name) => name.includes("_Packages")) : [];
  const weekMs = 7 * 24 * 3600 * 1000;
  return lists.length === 0 || lists.every((name) => Date.now() - statSync(join(folder, name)).mtimeMs > weekMs);
}

/** Writes a file for the length of the install; the returned function puts back what was there. */
function writeForNow(path, content, mode) {
  const before = existsSync(path) ? { content: readFileSync(path), mode: statSync(path).mode & 0o777 } : undefined;
  const write = (text, permissions) => {
    writeFileSync(path, text);
    chmodSync(path, permissions);
  };
  write(content, mode);
  return () => {
    if (before) write(before.content, before.mode);
    else rmSync(path, { force: true });
  };
}

// Debian asks this program before it starts a daemon; 101 means no.
const keepDaemonsDown = () => writeForNow("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755);

/** Keeps the package from making its own cluster on port 5432. Afterwards the package's stock settings are in place. */
function createNoCluster() {
  const path = "/etc/postgresql-common/createcluster.conf";
  const stock = "/usr/share/postgresql-common/createcluster.conf";
  const known = existsSync(path);
  mkdirSync("/etc/postgresql-common", { recursive: true });
  const undo = writeForNow(path, "create_main_cluster = false\n", 0o644);
  return () => {
    undo();
    if (!known && existsSync(stock)) writeFileSync(path, readFileSync(stock), { mode: 0o644 });
  };
}

/** The user a server runs as: PostgreSQL refuses root, and nothing here needs it. */
function unprivileged(user) {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${user}:`));
  if (!line) throw new Error(`The user ${user} does not exist, and a test server must not run as root.`);
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

function ownFolder(directory, prefix, owner) {
  const path = directory ?? mkdtempSync(join(tmpdir(), prefix));
  mkdirSync(path, { recursive: true });
  if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid);
  return path;
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves once the program has printed `ready`; rejects with its output when it ends or says nothing for too long. */
async function launch(command, args, { owner, directory, ready, waitMs = 20_000 }) {
  const child = spawn(command, args, {
    ...owner,
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC", HOME: directory },
  });
  let output = "";
  await new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`${command} ${what}\n${output}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`was not ready after ${waitMs} ms`);
    }, waitMs);
    timer.unref();
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? `code ${code}`}`));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      // After the start only the end of the log is kept, for whoever looks at a failure.
      output = (output + text).slice(-20_000);
      if (output.includes(ready)) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  child.stderr.unref?.();
  child.unref();
  return child;
}

/** The processes a process has started itself. */
function childrenOf(pid) {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const lines = (stdout ?? procTable()).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([child]) => child);
}

/** What `ps` would say, for a system that has /proc and no `ps`. */
function procTable() {
  if (!existsSync("/proc")) return "";
  const rows = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The program's name is in brackets and may contain anything; the parent is the second field after it.
        return `${pid} ${status.slice(status.lastIndexOf(")") + 2).split(" ")[1]}`;
      } catch {
        return "";
      }
    });
  return rows.join("\n");
}

function endProcess(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has gone by itself.
    if (error.code !== "ESRCH") throw error;
  }
}

/** A server that can be stopped, killed and started again on the same port and data. */
async function throwAwayServer({ url, start, stopSignal, remove }) {
  const server = { url, child: await start(), stop, kill, restart };
  // A test run that ends without stopping its servers must not leave them behind.
  const atExit = () => server.child.kill(stopSignal);
  process.once("exit", atExit);

  async function end(signal) {
    const { child } = server;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
  async function stop() {
    await end(stopSignal);
    process.off("exit", atExit);
    remove?.();
  }
  async function kill() {
    // The workers of a PostgreSQL server outlive its SIGKILL for a moment and would go on committing. A crash leaves none.
    server.child.kill("SIGSTOP");
    const workers = childrenOf(server.child.pid);
    await end("SIGKILL");
    for (const pid of workers) endProcess(pid);
  }
  async function restart() {
    await end(stopSignal);
    // After a SIGKILL the workers of PostgreSQL need a moment to notice that their parent is gone.
    for (let attempt = 1; ; attempt++) {
      try {
        server.child = await start();
        return;
      } catch (error) {
        if (attempt === 20) throw error;
        await sleep(100);
      }
    }
  }
  return server;
}

/** Starts on a free port; another program may take the port in between, so this is tried a few times. */
async function onFreePort(port, start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(port ?? (await freePort()));
    } catch (error) {
      if (port !== undefined || attempt === 3) throw error;
    }
  }
}

export async function startPostgres({ directory, port, durable = false } = {}) {
  const bin = findPostgres();
  if (!bin) throw new Error("PostgreSQL is not installed.");
  const owner = unprivileged("postgres");
  const folder = ownFolder(directory, "pontage-postgres-", owner);
  const data = join(folder, "data");
  if (!existsSync(join(data, "PG_VERSION"))) {
    const args = [
      "--pgdata",
      data,
      "--username=postgres",
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ];
    const child = spawn(join(bin, "initdb"), args, { ...owner, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => (errors += chunk));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`initdb failed in ${folder}\n${errors}`);
  }
  // Without fsync a killed server still keeps what it committed: only a power cut would lose it.
  const settings = [
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "logging_collector=off",
  ];
  if (!durable) settings.push("fsync=off", "full_page_writes=off");
  const options = settings.flatMap((setting) => ["-c", setting]);
  return onFreePort(port, (chosen) =>
    throwAwayServer({
      url: `postgresql://postgres@127.0.0.1:${chosen}/postgres`,
      start: () =>
        launch(join(bin, "postgres"), ["-D", data, "-p", String(chosen), ...options], {
          owner,
          directory: folder,
          ready: "database system is ready to accept connections",
        }),
      stopSignal: "SIGQUIT",
      remove: directory ? undefined : () => rmSync(folder, { recursive: true, force: true }),
    }),
  );
}

export async function startNats({ directory, port } = {}) {
  const program = findNats();
  if (!program) throw new Error("nats-server is not installed.");
  const owner = unprivileged("nobody");
  const folder = ownFolder(directory, "pontage-nats-", owner);
  const config = join(folder, "nats.conf");
  return onFreePort(port, (chosen) => {
    writeFileSync(config, `host: "127.0.0.1"\nport: ${chosen}\njetstream { store_dir: ${JSON.stringify(folder)} }\n`);
    return throwAwayServer({
      url: `nats://127.0.0.1:${chosen}`,
      start: () => launch(program, ["-c", config], { owner, directory: folder, ready: "Server is ready" }),
      stopSignal: "SIGTERM",
      remove: directory ? undefined : () => rmSync(folder, { recursive: true, force: true }),
    });
  });
}

/** Starts one of each for a test run, or takes those of the environment. */
export async function startServices() {
  const servers = [];
  const services = {};
  const chromium = findChromium();
  if (chromium) services.chromium = chromium;
  const one = async (name, field, start) => {
    const given = process.env[programs[name].environment];
    if (!given && !programs[name].find()) return;
    if (given) services[field] = given;
    else {
      const server = await start();
      servers.push(server);
      services[field] = server.url;
    }
  };
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())));
  const started = await Promise.allSettled([
    one("postgresql", "postgresUrl", startPostgres),
    one("nats-server", "natsUrl", startNats),
  ]);
  const failed = started.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return { services, missing: missingServices(), stop };
}
