import type { ChildProcess } from "node:child_process";

/** A throw-away server for tests. */
export interface ThrowAwayServer {
  readonly url: string;
  /** The process that runs now; another one after `restart`. */
  readonly child: ChildProcess;
  /** Ends it, and removes its folder unless the folder was given. */
  stop(): Promise<void>;
  /** SIGKILL: what a crash looks like. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after `kill` or from running. */
  restart(): Promise<void>;
}

export interface ServerOptions {
  /** Where its data lives. A folder in the temporary directory, removed by `stop`, when not given. */
  directory?: string;
  /** A free one when not given. */
  port?: number;
}

export interface PostgresOptions extends ServerOptions {
  /** Whether it fsyncs. Off by default: a killed server keeps its data anyway, only a power cut loses it. */
  durable?: boolean;
}

/** Where the services of a test run are. What could not be had is absent. */
export interface Services {
  postgresUrl?: string;
  natsUrl?: string;
  chromium?: string;
}

/** Installs what is missing where that can be done without asking, and says loudly what stays missing. */
export function installServices(): Promise<{ missing: string[] }>;
/** What the tests would have to do without, by name. */
export function missingServices(): string[];
/** The folder that has `initdb` and `postgres`. */
export function findPostgres(): string | undefined;
export function findNats(): string | undefined;
export function findChromium(): string | undefined;
export function freePort(): Promise<number>;
export function startPostgres(options?: PostgresOptions): Promise<ThrowAwayServer>;
export function startNats(options?: ServerOptions): Promise<ThrowAwayServer>;
/** Starts one PostgreSQL and one NATS for a test run, or takes those of the environment. */
export function startServices(): Promise<{ services: Services; missing: string[]; stop(): Promise<void> }>;
