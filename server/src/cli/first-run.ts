import { resolve } from "node:path";
import pc from "picocolors";
import { totalInputTokens, totalOutputTokens } from "../canonical/usage.ts";
import { defaultDataDirectory, type Settings } from "../config/settings.ts";
import type { Gateway } from "../gateway.ts";
import type { EndedCall } from "../pipeline/activity.ts";
import { version } from "../version.ts";
import { dollars } from "./output.ts";

/** Secrets made at the first start. Printed once, or kept in files when nobody watches. */
export interface FirstSecrets {
  readonly firstKey: string | undefined;
  readonly adminToken: string | undefined;
}

/** Marks for lines, in plain ASCII where the terminal may not know better. */
export function symbols(): { ok: string; bad: string } {
  const plain = Boolean(process.env.NO_COLOR) || process.env.TERM === "dumb";
  return plain ? { ok: "ok", bad: "!!" } : { ok: pc.green("✓"), bad: pc.red("✗") };
}

/** What a newcomer reads: what stands, the first call to paste, and where to go on. 80 columns. */
export function firstRunText(gateway: Gateway, settings: Settings, { firstKey, adminToken }: FirstSecrets): string {
  const { ok } = symbols();
  const url = baseUrl(gateway.port);
  const lines: string[] = [];
  for (const provider of gateway.router.providers) {
    const models = provider.models.size > 0 ? `${provider.models.size} models` : "its models are not known yet";
    const found = settings.providers.find(({ name }) => name === provider.name)?.credentialSource;
    lines.push(
      provider.simulated
        ? `  ${ok} Provider           simulated: ${models}, works offline, costs nothing`
        : `  ${ok} Provider           ${provider.name}: ${found ? `found ${found}, ` : ""}${models}`,
    );
  }
  if (settings.providers.some(({ credentialSource }) => credentialSource && process.env[credentialSource])) {
    lines.push("                         (leave these out: npm start -- --no-env-providers)");
  }
  if (firstKey) lines.push(`  ${ok} API key            first-key: may call every model`);
  lines.push("", `  Gateway   ${url}/v1`, `  Console   ${url}/console`);
  const secrets = [
    { label: "API key", secret: firstKey, use: "for your programs" },
    { label: "Admin", secret: adminToken, use: "signs in to the console" },
  ];
  for (const { label, secret, use } of secrets) {
    if (secret)
      lines.push(`  ${label.padEnd(8)}  ${pc.bold(secret)}${" ".repeat(Math.max(2, 42 - secret.length))}${use}`);
  }
  lines.push(`            Shown this once, keep ${firstKey && adminToken ? "both" : "it"}.`);
  if (firstKey) {
    lines.push(
      "",
      "  Send your first request:",
      "",
      `    curl ${url}/v1/chat/completions \\`,
      `      -H "Authorization: Bearer ${firstKey}" \\`,
      '      -H "Content-Type: application/json" \\',
      `      -d '{"model":"sim/echo","messages":[{"role":"user","content":"Hello"}]}'`,
    );
  }
  lines.push(
    "",
    "  Then, in another terminal, in this folder:",
    ...(isDefaultDirectory(settings) ? [] : [`    export PONTAGE_DATA=${settings.dataDirectory}`]),
    "    npx pontage keys list         see and make API keys",
    "    npx pontage usage             see what was used, and what it cost",
    "    npx pontage ledger verify     prove that every call is in the ledger once",
    "",
    listensOn(settings),
    "",
  );
  return lines.join("\n");
}

/** The later starts: four lines, and no secret. */
export function laterRunText(gateway: Gateway, settings: Settings, keys: number, took: string): string {
  const url = baseUrl(gateway.port);
  const names = gateway.router.providers.map(({ simulated, name }) => (simulated ? "simulated" : name));
  const left = [`  Gateway   ${url}/v1`, `  Providers ${someOf(names, 30)}`];
  const width = Math.max(...left.map((text) => text.length)) + 3;
  return [
    `\n  Pontage ${version}   ready in ${took}`,
    `${left[0]!.padEnd(width)}Console   ${url}/console`,
    `${left[1]!.padEnd(width)}Keys      ${keys}`,
    `${listensOn(settings)}\n`,
  ].join("\n");
}

/** As many names as fit, and how many more there are. */
function someOf(names: readonly string[], width: number): string {
  const all = names.join(", ");
  if (all.length <= width) return all;
  const fitting = names.filter((_, i) => names.slice(0, i + 1).join(", ").length <= width - " and 99 more".length);
  return `${fitting.join(", ")} and ${names.length - fitting.length} more`;
}

/** One line for each call while somebody watches. */
export function requestLine(ended: EndedCall): string {
  const { status, last, durationMs, firstByteMs } = ended;
  const parts = [
    new Date(ended.endTimeMs).toTimeString().slice(0, 8),
    status >= 400 ? pc.red(String(status)) : pc.green(String(status)),
    ended.askedModel || "-",
    ...(last
      ? [
          last.simulated ? "simulated" : last.provider,
          `in ${totalInputTokens(ended.usage)}  out ${totalOutputTokens(ended.usage)}`,
          dollars(ended.costNanoUsd),
        ]
      : []),
    ...(firstByteMs === undefined ? [] : [`first token ${Math.round(firstByteMs)} ms`]),
    `total ${durationMs < 100 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`}`,
    ended.keyName || "no key",
  ];
  return `  ${parts.join("  ")}`;
}

function listensOn({ host }: Settings): string {
  const loopback = host === "127.0.0.1" || host === "::1" || host === "localhost";
  return `  Listening on ${loopback ? `${host} only` : `${host}, reachable from other machines`}. Stop with Ctrl+C; your data stays.`;
}

function isDefaultDirectory({ dataDirectory }: Settings): boolean {
  return resolve(dataDirectory) === resolve(defaultDataDirectory({}));
}

function baseUrl(port: number): string {
  return `http://localhost:${port}`;
}
