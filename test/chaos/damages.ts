import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "./random.ts";

/** The files of tables and indexes, by name, as paths inside the database's directory. */
export type TableFiles = ReadonlyMap<string, string>;

export interface Damage {
  readonly what: string;
  /** How the gateway ends before it is done. */
  readonly ends: "stop" | "kill";
  /** Does it to the directory of a database that nobody has open. */
  readonly inflict: (database: string, files: TableFiles, random: Random) => void;
}

/** What disks, people and other programs do to a database's files. */
export const damages: readonly Damage[] = [
  {
    what: "the control file is gone",
    ends: "stop",
    inflict: (database) => rmSync(join(database, "global", "pg_control")),
  },
  {
    what: "the ledger's file is cut in half",
    ends: "stop",
    inflict: (database, files) => cut(join(database, files.get("ledger_entry")!), 0.5),
  },
  {
    what: "the ledger's file is gone",
    ends: "stop",
    inflict: (database, files) => rmSync(join(database, files.get("ledger_entry")!)),
  },
  {
    what: "a page of the ledger is garbage",
    ends: "stop",
    inflict: (database, files, random) => scribble(join(database, files.get("ledger_entry")!), 8192, 8192, random),
  },
  {
    what: "an index of the ledger is empty",
    ends: "stop",
    inflict: (database, files) => cut(join(database, files.get("ledger_entry_pkey")!), 0),
  },
  {
    what: "the table of keys is empty",
    ends: "stop",
    inflict: (database, files) => cut(join(database, files.get("api_key")!), 0),
  },
  {
    what: "the balances are empty",
    ends: "stop",
    inflict: (database, files) => cut(join(database, files.get("balance")!), 0),
  },
  {
    what: "a catalogue is cut short",
    ends: "stop",
    inflict: (database, files) => cut(join(database, files.get("pg_proc")!), 0.1),
  },
  {
    what: "the write-ahead log is garbage",
    ends: "stop",
    inflict: (database, _, random) => {
      for (const path of writeAheadLogs(database)) scribble(path, 0, statSync(path).size, random);
    },
  },
  {
    what: "a global file is garbage",
    ends: "stop",
    inflict: (database, _, random) => scribble(join(database, "global", "pg_filenode.map"), 0, 512, random),
  },
  {
    what: "the file that says what it is, is gone",
    ends: "stop",
    inflict: (database) => rmSync(join(database, "PG_VERSION")),
  },
  { what: "the directory is gone", ends: "stop", inflict: (database) => rmSync(database, { recursive: true }) },
  {
    what: "the directory is gone after a SIGKILL",
    ends: "kill",
    inflict: (database) => rmSync(database, { recursive: true }),
  },
  {
    what: "the end of the write-ahead log is garbage after a SIGKILL",
    ends: "kill",
    inflict: (database, _, random) => {
      const path = writeAheadLogs(database).at(-1)!;
      const end = readFileSync(path).findLastIndex((byte) => byte !== 0);
      scribble(path, Math.max(0, end - 40_000), 40_000, random);
    },
  },
];

function cut(path: string, share: number): void {
  const pages = Math.floor((statSync(path).size / 8192) * share);
  truncateSync(path, pages * 8192);
}

function scribble(path: string, position: number, length: number, random: Random): void {
  const file = openSync(path, "r+");
  const noise = Buffer.from(Uint8Array.from({ length }, () => random.between(0, 255)));
  writeSync(file, noise, 0, length, Math.min(position, Math.max(0, statSync(path).size - length)));
  closeSync(file);
}

function writeAheadLogs(database: string): string[] {
  const directory = join(database, "pg_wal");
  const names = readdirSync(directory).filter((name) => /^[0-9A-F]{24}$/.test(name));
  return names.sort().map((name) => join(directory, name));
}
