import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/services.mjs";

const program = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));

/** What a command of the command line has said, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** Runs one command to its end. It sees the environment given and nothing else of ours. */
export async function pontage(environment: Environment, args: readonly string[], input = ""): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH ?? "", ...environment } });
  child.stdin.on("error", () => {}); // it may end before it has read anything
  child.stdin.end(input);
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}

/** A home of its own for a gateway and whoever administers it. */
export class Home {
  readonly path = mkdtempSync(join(tmpdir(), "pontage-home-"));
  readonly data = join(this.path, "data");

  constructor() {
    mkdirSync(this.path, { recursive: true });
  }

  file(name: string): string {
    return readFileSync(join(this.data, name), "utf8").trim();
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** `pontage start` as a process of its own, as an operator runs it without a terminal. */
export class RunningGateway {
  readonly home: Home;
  readonly port: number;
  readonly child: ChildProcess;
  /** All it has printed. */
  log = "";

  private constructor(home: Home, port: number, environment: Environment) {
    this.home = home;
    this.port = port;
    this.child = spawn(process.execPath, [program, "start"], {
      env: { PATH: process.env.PATH ?? "", ...this.environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    }
  }

  static async start(home: Home, port?: number, environment: Environment = {}): Promise<RunningGateway> {
    const gateway = new RunningGateway(home, port ?? (await freePort()), environment);
    await new Promise<void>((resolve, reject) => {
      gateway.child.stdout!.on("data", () => {
        if (gateway.log.includes('"msg":"ready"')) resolve();
      });
      gateway.child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}:\n${gateway.log}`)));
    });
    return gateway;
  }

  /** What a command on the same machine has to be told. */
  get environment(): Environment {
    return { HOME: this.home.path, PONTAGE_DATA: this.home.data, PONTAGE_PORT: String(this.port) };
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends it, and answers with its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, "exit");
    this.child.kill(signal);
    await exited;
    return this.child.exitCode;
  }
}
