// A gateway with one fault in it, as a process of its own: `mutant-gateway.ts <name of a mutation>`. It is put together from
// the parts of the real one; only the command line around it is left out.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../server/src/config/settings.ts";
import { startGateway } from "../../server/src/gateway.ts";
import { hashSecret, makeSecret } from "../../server/src/store/key-secret.ts";
import { openStore } from "../../server/src/store/store.ts";
import { createLog } from "../../server/src/telemetry/log.ts";
import { startToll, tollMakers } from "../../server/src/toll.ts";
import { systemWorld } from "../../server/src/world.ts";
import { type MutationName, mutations } from "./mutants.ts";

/** Segments are sealed soon, so that a short run sees them come and go. */
const segmentAgeMs = 300;

const mutate = mutations[process.argv[2] as MutationName];
const settings = readSettings(process.env, { noEnvProviders: true });
const log = createLog({ terminal: false });
const { dataDirectory, databaseUrl } = settings;
const store = await openStore({ dataDirectory, databaseUrl, log: (message) => log.warn(message) });
const token = await secretIn("admin-token", async () => makeSecret("pt_", systemWorld.randomBytes));
await secretIn("first-key", async () => (await store.keys.issue({ name: "first-key" })).secret);

const makers = mutate(tollMakers, await store.orm.em.getConnection().getNativeClient());
const gateway = await startGateway(
  { settings, store, adminTokenHash: hashSecret(token), world: systemWorld, log },
  (parts) => startToll(parts, { ...makers, journal: (options) => makers.journal({ ...options, segmentAgeMs }) }),
);
log.info({ port: gateway.port }, "ready");

async function secretIn(name: string, make: () => Promise<string>): Promise<string> {
  const path = join(dataDirectory, name);
  if (!existsSync(path)) writeFileSync(path, await make(), { mode: 0o600 });
  return readFileSync(path, "utf8");
}
