import pc from "picocolors";
import { totalInputTokens, totalOutputTokens } from "../canonical/usage.ts";
import type { Settings } from "../config/settings.ts";
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

export function startLine(): string {
  return `\n  Pontage ${version}\n`;
}

/** What a newcomer reads: what stands, the first call to paste, and where to go on. 80 columns. */
export function firstRunText(
  gateway: Gateway,
  settings: Settings,
  { firstKey, adminToken }: FirstSecrets,
  options: { readonly startLine: boolean },
): string {
  const { ok } = symbols();
  const url = baseUrl(gateway.port);
  const lines = options.startLine ? [startLine()] : [];
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
    lines.push("                         (turn off: --no-env-providers)");
  }
  if (firstKey) lines.push(`  ${ok} API key            first-key: may call every model`);
  lines.push("", `  Gateway   ${url}/v1`, `  Console   ${url}/console`);
  if (firstKey) lines.push(`  API key   ${pc.bold(firstKey)}     shown once, keep it`);
  if (adminToken) lines.push(`  Admin     ${pc.bold(adminToken)}  signs in to the console`);
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
    "  Then, in another terminal:",
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
  const names = gateway.router.providers.map(({ simulated, name }) => (simulated ? "simulated" : name)).join(", ");
  return [
    `\n  Pontage ${version}   ready in ${took}`,
    `  Gateway   ${url}/v1        Console   ${url}/console`,
    `  Providers ${names.padEnd(31)} Keys      ${keys}`,
    `${listensOn(settings)}\n`,
  ].join("\n");
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

function baseUrl(port: number): string {
  return `http://localhost:${port}`;
}
