import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * Who writes to a producer's directory. When several gateways share a disk, this tells the directory of a dead process,
 * which has to be recovered, from the one of a neighbour that is at work.
 */
interface Owner {
  readonly host: string;
  /** The boot of the machine, where it can be known. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, in the system's own unit; process ids are used again, this is not. */
  readonly started: string;
}

export interface DirectoryClaim {
  /** Stops the sign of life. */
  release(): void;
  /** Removes what the claim left in the directory. */
  remove(): void;
}

const fileName = "owner.json";
const heartbeatMs = 5_000;
/** A process on another machine cannot be looked at; it is taken for dead after this long without a sign of life. */
const silenceMs = 60_000;

/** Says that this process writes to the directory, for as long as it lives. */
export function claimDirectory(directory: string): DirectoryClaim {
  const path = join(directory, fileName);
  const owner: Owner = { host: hostname(), boot: bootId(), pid: process.pid, started: startOf("self") };
  writeFileSync(path, JSON.stringify(owner), { mode: 0o600 });
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // A disk that cannot be written is the journal's business, and known there.
    }
  }, heartbeatMs);
  timer.unref();
  return { release: () => clearInterval(timer), remove: () => rmSync(path, { force: true }) };
}

/** Whether the process that wrote to the directory may still be at it. In doubt it is. */
export function ownerMayLive(directory: string, nowMs: number): boolean {
  const path = join(directory, fileName);
  let owner: Owner;
  let seenMs: number;
  try {
    seenMs = statSync(path).mtimeMs;
    owner = JSON.parse(readFileSync(path, "utf8")) as Owner;
  } catch {
    // Without a readable claim somebody is just about to begin, or never got as far as to write a record.
    return nowMs - modifiedMs(directory) < silenceMs;
  }
  if (owner.host !== hostname()) return nowMs - seenMs < silenceMs;
  if (owner.boot !== bootId()) return false;
  if (!processExists(owner.pid)) return false;
  return owner.started === "" || owner.started === startOf(owner.pid);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of proc(5)'s `stat`, counted behind the command's closing bracket; empty where there is no `/proc`. */
function startOf(process: number | "self"): string {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}
