// Administration: the same client with the admin token. Needs PONTAGE_ADMIN_TOKEN.
import { Pontage } from "@pontage/sdk";

const admin = new Pontage();
const { key, secret } = await admin.keys.create({ name: `example ${Date.now()}` });
console.log(`issued ${key.id} (${key.prefix}...${key.lastFour}); its secret has ${secret.length} characters`);

const caller = new Pontage({ apiKey: secret });
await caller.chat.create({ model: "sim/echo", messages: [{ role: "user", content: "Hello" }] });

// The id stays, the secret changes, and the old one works for another hour.
const rotated = await admin.keys.rotate(key.id, { grace: "1h" });
console.log(`rotated; the old secret works until ${rotated.key.graceEndTime?.toISOString()}`);

const { rows } = await admin.usage.query({ by: ["key", "model"] });
for (const row of rows) console.log(`${row.keyName} ${row.model}: ${row.attempts} calls, ${row.cost}`);

await admin.keys.revoke(key.id);
console.log(`revoked ${key.name}`);
const report = await admin.ledger.verify();
console.log(`the ledger has ${report.rows} rows and is ${report.sound ? "sound" : report.problems.join("; ")}`);
