import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, type Settings } from "../../server/src/config/settings.ts";

/** Instances of the file `fields`, as a start would read them: names, environment and all. */
export function providersFrom(
  fields: Readonly<Record<string, object>>,
  env: Readonly<Record<string, string>> = {},
): Settings["providers"] {
  const folder = mkdtempSync(join(tmpdir(), "pontage-cloud-"));
  const config = join(folder, "pontage.yaml");
  writeFileSync(config, JSON.stringify({ version: 1, providers: fields }));
  const { providers } = readSettings(env, { config, noEnvProviders: true });
  rmSync(folder, { recursive: true });
  return providers.filter(({ name }) => name in fields).map((provider) => ({ ...provider, discover: false }));
}
