import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/services.mjs";
import type { Victim } from "./unrest.ts";

export const cli = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));

export interface GatewayOptions {
  readonly directory: string;
  /** Of the configuration file. */
  readonly config: string;
  readonly databaseUrl?: string;
  readonly natsUrl?: string;
  /** The program and its arguments. The real command line when not given. */
  readonly program?: readonly string[];
}

/** A start that takes longer than this, and neither succeeds nor fails, never ends. */
const longestStartMs = 30_000;

/** A gateway as a process of its own, and whoever starts it again when it has died. */
export class GatewayProcess implements Victim {
  readonly name = "gateway";
  readonly port: number;
  /** Of every start that came to its end, in milliseconds. */
  readonly startTimesMs: number[] = [];
  /** What it warned of, over all its lives. */
  readonly warnings: string[] = [];
  readonly #options: GatewayOptions;
  #child: ChildProcess | undefined;
  /** Counts restarts and kills, so that a restart notices that it is not wanted any more. */
  #turn = 0;
  #lastLines: string[] = [];

  private constructor(options: GatewayOptions, port: number) {
    this.#options = options;
    this.port = port;
  }

  /** Starts it for the first time. */
  static async start(options: GatewayOptions): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(options, await freePort());
    await gateway.restart();
    return gateway;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get apiKey(): string {
    return readFileSync(join(this.#options.directory, "first-key"), "utf8").trim();
  }

  /** What the environment of a command has to be, to talk to this gateway. */
  get environment(): NodeJS.ProcessEnv {
    const { directory, config, databaseUrl = "", natsUrl = "" } = this.#options;
    return {
      PATH: process.env.PATH,
      HOME: directory,
      PONTAGE_DATA: directory,
      PONTAGE_PORT: String(this.port),
      PONTAGE_CONFIG: config,
      DATABASE_URL: databaseUrl,
      NATS_URL: natsUrl,
    };
  }

  /** Starts it, again and again while it cannot start, until it is ready or killed. */
  async restart(): Promise<void> {
    const turn = ++this.#turn;
    const deadlineMs = performance.now() + 60_000;
    while (turn === this.#turn) {
      const startedAtMs = performance.now();
      if (await this.#launch()) return void this.startTimesMs.push(performance.now() - startedAtMs);
      if (performance.now() > deadlineMs) throw new Error(`the gateway does not start:\n${this.#lastLines.join("\n")}`);
      await sleep(100);
    }
  }

  /** Ends with SIGKILL, whether it is ready or still on its way. */
  async kill(): Promise<void> {
    this.#turn++;
    await this.#end("SIGKILL");
  }

  /** Ends it as an operator would. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#turn++;
    return this.#end("SIGTERM");
  }

  /** Calls a method of an admin service. */
  async ask(method: string, request: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const token = readFileSync(join(this.#options.directory, "admin-token"), "utf8").trim();
    const response = await fetch(`${this.origin}/pontage.admin.v1.${method}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  }

  /** Resolves with whether it became ready. */
  #launch(): Promise<boolean> {
    const { program = [cli, "start", "--no-env-providers"] } = this.#options;
    const child = spawn(process.execPath, program, { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#lastLines = [];
    return new Promise((resolve, reject) => {
      const stuck = setTimeout(() => {
        child.kill("SIGKILL");
        reject(new Error(`the gateway neither started nor ended:\n${this.#lastLines.join("\n")}`));
      }, longestStartMs);
      child.once("error", reject);
      child.once("exit", () => {
        clearTimeout(stuck);
        resolve(false);
      });
      for (const output of [child.stdout, child.stderr]) {
        createInterface({ input: output }).on("line", (line) => {
          this.#lastLines = [...this.#lastLines, line].slice(-20);
          const { level, msg } = parsed(line);
          if (level === "warn" || level === "error") this.warnings.push(msg ?? line);
          if (msg !== "ready") return;
          clearTimeout(stuck);
          resolve(true);
        });
      }
    });
  }
}

function parsed(line: string): { level?: string; msg?: string } {
  try {
    return JSON.parse(line) as { level?: string; msg?: string };
  } catch {
    return {};
  }
}

/** Runs one command of the command line to its end. */
export async function runCli(
  gateway: GatewayProcess,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: gateway.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}
