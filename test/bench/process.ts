import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A process under measurement. */
export interface Measured {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a program of the project and reads the port from its first line of output that `portIn` finds one in. */
export async function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  portIn: (line: string) => number | undefined,
): Promise<Measured> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const port = portIn(line);
    if (port !== undefined) {
      child.stdout!.resume();
      return { pid: child.pid!, port, stop: () => stop(child) };
    }
  }
  throw new Error(`${args[0]} ended before it said its port`);
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** CPU time a process and its children have used so far, in milliseconds, all threads together. */
export function cpuMs(pid: number): number {
  // After the name, which may hold blanks and is in parentheses: utime and stime are the 12th and 13th fields, in ticks of 10 ms.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function residentBytes(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
