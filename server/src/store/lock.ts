import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "./store-error.ts";

/** A held lock. The directory stays ours until it is released or the process ends. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** What the lock file says about its owner. */
interface Owner {
  pid: number;
  startTime: string;
  /** Tells this process from a later one with the same id. Empty where the system does not say. */
  processStart: string;
  /** The set of processes the id belongs to: a container has its own. Empty where the system does not say. */
  pidNamespace: string;
  nonce: string;
}

/** An owner in another container is judged by its heartbeat, because its process id means nothing here. */
const heartbeatMs = 2000;
const foreignStaleMs = 3 * heartbeatMs;

/** The locks this process holds: where the system does not tell start times, its own old lock is known by its absence. */
const heldNonces = new Set<string>();

/**
 * Takes a directory for this process alone. The embedded database has no lock of its own: a second process would open it
 * happily, and the writes of one of the two would vanish.
 *
 * The lock is the file with the highest number in the folder `lock`. Whoever finds its owner gone makes the next number, and
 * a number can be made only once: so of many who find a stale lock, one gets it. Nobody ever removes a lock that might be
 * in use; an owner removes the numbers below its own, and leaves a file that says so when it goes.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const folder = join(directory, "lock");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const owner: Owner = {
    pid: process.pid,
    startTime: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    processStart: await processStart(process.pid),
    pidNamespace: await pidNamespace(),
    nonce: randomBytes(12).toString("hex"),
  };
  // Linking a finished file into place is exclusive like O_EXCL, and nobody ever sees a lock that is half written.
  const draft = join(folder, `draft-${owner.nonce}`);
  await writeFile(draft, `${JSON.stringify(owner)}\n`, { flag: "wx", mode: 0o600 });
  let path: string;
  try {
    // Known as held before anybody in this process can find the file.
    heldNonces.add(owner.nonce);
    path = await takeNextNumber(directory, folder, owner, draft);
  } catch (error) {
    heldNonces.delete(owner.nonce);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A missing file is found out by whoever opens the directory next; there is nothing useful to do about it here.
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    async release() {
      if (!heldNonces.delete(owner.nonce)) return;
      clearInterval(heartbeat);
      if (parseOwner(await readIfThere(path))?.nonce !== owner.nonce) return;
      await writeFile(draft, "released\n", { mode: 0o600 });
      await rename(draft, path);
    },
  };
}

/** Resolves with the path of the lock, once it is ours. */
async function takeNextNumber(directory: string, folder: string, self: Owner, draft: string): Promise<string> {
  const foreignDeadlineMs = performance.now() + 2 * foreignStaleMs;
  for (;;) {
    const highest = Math.max(0, ...(await numbersIn(folder)));
    if (highest > 0) {
      const file = join(folder, String(highest));
      const content = await readIfThere(file);
      if (content === undefined) continue;
      const other = parseOwner(content);
      const state = other ? await stateOf(other, self, file) : "gone";
      if (other && (state === "alive" || (state === "unsure" && performance.now() > foreignDeadlineMs))) {
        throw inUse(directory, other);
      }
      if (state === "unsure") {
        await sleep(200);
        continue;
      }
    }
    const path = join(folder, String(highest + 1));
    if (!(await linked(draft, path))) continue;
    // The number may have been another's and been removed since, by the owner of a higher one.
    const numbers = await numbersIn(folder);
    if (Math.max(...numbers) > highest + 1) {
      await rm(path, { force: true });
      continue;
    }
    for (const number of numbers) if (number <= highest) await rm(join(folder, String(number)), { force: true });
    return path;
  }
}

async function numbersIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function stateOf(other: Owner, self: Owner, path: string): Promise<"alive" | "gone" | "unsure"> {
  if (other.pidNamespace !== self.pidNamespace) {
    const file = await stat(path).catch(() => undefined);
    return file && Date.now() - file.mtimeMs < foreignStaleMs ? "unsure" : "gone";
  }
  if (other.pid === self.pid && !self.processStart) return heldNonces.has(other.nonce) ? "alive" : "gone";
  if (!isRunning(other.pid)) return "gone";
  // The id may have been given to another program since.
  const started = await processStart(other.pid);
  return started && other.processStart && started !== other.processStart ? "gone" : "alive";
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** When a process started, in the system's own counting, with the boot it belongs to. */
async function processStart(pid: number): Promise<string> {
  const status = await readIfThere(`/proc/${pid}/stat`);
  if (!status) return "";
  // The program's name is in brackets and may contain anything; the start time is the 20th field after it.
  const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[19];
  const boot = (await readIfThere("/proc/sys/kernel/random/boot_id"))?.trim();
  return ticks && boot ? `${boot}/${ticks}` : "";
}

async function pidNamespace(): Promise<string> {
  const namespace = await stat("/proc/self/ns/pid").catch(() => undefined);
  return namespace ? String(namespace.ino) : "";
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** Undefined for a lock that was released, and for one that a power cut left half written. */
function parseOwner(text: string | undefined): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && "pid" in value && Number.isInteger(value.pid)
      ? (value as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function inUse(directory: string, owner: Owner): StoreError {
  const started = new Date(owner.startTime);
  const [hours, minutes] = [started.getHours(), started.getMinutes()].map((part) => String(part).padStart(2, "0"));
  return new StoreError(
    `${shortPath(directory)} is in use by Pontage process ${owner.pid}, started ${hours}:${minutes}. ` +
      "One process may own a data directory.",
  );
}

/** A path as people write it. */
export function shortPath(path: string): string {
  const home = homedir();
  return home !== "/" && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
}
