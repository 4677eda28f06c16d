import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScriptedCall } from "../simulators/speech.ts";

/** What one run of a program needs to know. */
export interface Run {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly prompt: string;
  /** Where it works, and the files of this run are. */
  readonly directory: string;
  /** Its home, empty but for what `files` puts there. */
  readonly home: string;
}

/** A program that people point at a gateway, set up as its makers tell to. */
export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: (run: Run) => Readonly<Record<string, string>>;
  /** Files in its home. */
  readonly files?: (run: Run) => Readonly<Record<string, string>>;
  /** The call of a tool of its own that reads a file. */
  readonly reads: (file: string) => Omit<ScriptedCall, "id">;
}

const installed = (path: string) => fileURLToPath(new URL(`programs/node_modules/${path}`, import.meta.url));

export const programs: readonly Program[] = [
  {
    name: "Claude Code",
    // Its launcher for installations without install scripts.
    command: [
      process.execPath,
      installed("@anthropic-ai/claude-code/cli-wrapper.cjs"),
      "-p",
      "{prompt}",
      "--model",
      "{model}",
      "--allowedTools",
      "Bash",
    ],
    environment: ({ baseUrl, apiKey, model }) => ({
      ANTHROPIC_BASE_URL: baseUrl,
      ANTHROPIC_AUTH_TOKEN: apiKey,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    }),
    reads: (file) => ({ name: "Bash", arguments: { command: `cat ${file}`, description: "Read the note" } }),
  },
  {
    name: "Codex",
    command: [
      ...[installed(".bin/codex"), "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"],
      ...["-m", "{model}", "{prompt}"],
    ],
    environment: ({ home, apiKey }) => ({ CODEX_HOME: home, PONTAGE_API_KEY: apiKey }),
    files: ({ baseUrl }) => ({
      "config.toml": [
        'model_provider = "pontage"',
        "[model_providers.pontage]",
        'name = "Pontage"',
        `base_url = "${baseUrl}/v1"`,
        'env_key = "PONTAGE_API_KEY"',
        'wire_api = "responses"',
      ].join("\n"),
    }),
    reads: (file) => ({ name: "exec_command", arguments: { cmd: `cat ${file}` } }),
  },
  {
    name: "Gemini CLI",
    command: [process.execPath, installed(".bin/gemini"), "-p", "{prompt}", "-m", "{model}", "--yolo"],
    environment: ({ baseUrl, apiKey }) => ({
      GOOGLE_GEMINI_BASE_URL: baseUrl,
      GEMINI_API_KEY: apiKey,
      GEMINI_CLI_TRUST_WORKSPACE: "true",
    }),
    files: () => ({ ".gemini/settings.json": '{"security":{"auth":{"selectedType":"gemini-api-key"}}}' }),
    reads: (file) => ({ name: "read_file", arguments: { file_path: file } }),
  },
];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in an empty home, with nothing of this process's environment but the path. */
export async function runProgram(program: Program, given: Omit<Run, "home">, patienceMs: number): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), "pontage-client-home-"));
  const run = { ...given, home };
  for (const [name, text] of Object.entries(program.files?.(run) ?? {})) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const [command, ...args] = program.command.map((word) =>
    word.replace("{prompt}", run.prompt).replace("{model}", run.model),
  );
  const child = spawn(command!, args, {
    cwd: run.directory,
    env: { HOME: home, PATH: process.env.PATH, TERM: "dumb", ...program.environment(run) },
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(patienceMs),
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes) => (stdout += bytes));
  child.stderr.on("data", (bytes) => (stderr += bytes));
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
    return { code, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
