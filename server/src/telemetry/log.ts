import pc from "picocolors";
import { pino } from "pino";

export type Log = pino.Logger;

const redact = {
  paths: ["headers.authorization", 'headers["x-api-key"]', "secret", "credential", "api_key"],
  censor: "[removed]",
};

/**
 * JSON lines on stdout; on a terminal, where a person reads, only warnings, in words, on stderr. What is logged has no
 * secrets and no content of calls.
 */
export function createLog({ terminal }: { readonly terminal: boolean }): Log {
  const options = {
    level: terminal ? "warn" : "info",
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
    redact,
  };
  return terminal ? pino(options, { write: (line) => void process.stderr.write(inWords(line)) }) : pino(options);
}

function inWords(line: string): string {
  const { level, msg, err } = JSON.parse(line) as {
    level: string;
    msg?: string;
    err?: { message?: string; stack?: string };
  };
  const mark = level === "warn" ? pc.yellow("!") : pc.red("✗");
  const cause = err?.message ? `: ${err.message}` : "";
  return `  ${mark} ${msg ?? ""}${cause}\n`;
}
