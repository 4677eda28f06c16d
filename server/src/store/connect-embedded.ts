import type { MikroORM, Options } from "@mikro-orm/postgresql";
import type { EmbeddedDirectory, Rebuild } from "./embedded-directory.ts";
import { shortPath } from "./lock.ts";
import { migrations } from "./migrations/list.ts";
import { Mirror, restore } from "./mirror.ts";
import type { BeforeCommit } from "./setting.ts";
import { damageIn, proveSound } from "./soundness.ts";
import { inTransaction, oneRow, type Pool, watched } from "./sql.ts";
import { firstLine, StoreError } from "./store-error.ts";

/** A database that answers, with its schema up to date. */
export interface Connection {
  readonly orm: MikroORM;
  readonly pool: Pool;
  /** Has to succeed before a change of keys or settings is committed. */
  readonly beforeCommit?: BeforeCommit;
}

type Log = (message: string) => void;

/**
 * Connects to the embedded database once it is proven sound. One that is damaged is set aside, and a new one gets its
 * schema and its keys and settings here; the rows of the ledger come from the journal and its archive, which is the toll's
 * business.
 */
export async function connectEmbedded(
  directory: EmbeddedDirectory,
  init: (options: Options) => Promise<MikroORM>,
  log: Log,
): Promise<Connection> {
  const mirror = new Mirror(directory.snapshot);
  for (;;) {
    const { rebuild } = directory;
    let orm: MikroORM | undefined;
    try {
      orm = await init({
        dbName: "postgres",
        user: "postgres",
        pool: { min: 1, max: 1 },
        // A new connection would cost the session's settings and bring nothing.
        driverOptions: { stream: directory.database.stream, idleTimeoutMillis: 0 },
      });
      const pool: Pool = await orm.em.getConnection().getNativeClient();
      if (rebuild) await restoreMirrored(orm, pool, mirror, rebuild, log);
      else {
        const mirrored = await mirror.read();
        await proveSound(pool, mirrored, await directory.watermark.read());
        await orm.migrator.up();
        if (mirrored === "damaged") log(`${shortPath(mirror.path)} is damaged. It is written again from the database.`);
      }
      await mirror.agree(pool);
      return { orm, pool: guard(directory, pool, log), beforeCommit: (sql) => mirror.write(sql) };
    } catch (error) {
      await orm?.close().catch(() => undefined);
      const damage = damageIn(error);
      if (rebuild || damage === undefined) throw error;
      await directory.replace(damage);
    }
  }
}

async function restoreMirrored(orm: MikroORM, pool: Pool, mirror: Mirror, rebuild: Rebuild, log: Log): Promise<void> {
  const kept = rebuild.setAside ? ` It is kept in ${rebuild.setAside}.` : "";
  log(
    `The embedded database cannot be used: ${rebuild.why}.${kept} A new one is made from the snapshot and the journal.`,
  );
  const mirrored = await mirror.read();
  if (typeof mirrored !== "object") {
    await orm.migrator.up();
    const old = rebuild.setAside ? `, unless they can be read from ${rebuild.setAside}` : "";
    log(
      `API keys and the admin token cannot be restored: ${shortPath(mirror.path)} is ${mirrored}. ` +
        `Keys that were issued open nothing any more${old}. Issue new ones: pontage keys create <name>`,
    );
    return;
  }
  if (!migrations.some(({ name }) => name === mirrored.schema)) {
    throw new StoreError(
      `Keys and settings in ${shortPath(mirror.path)} are of the schema ${mirrored.schema}, which this program does not ` +
        "know. Start the newer Pontage that wrote them.",
    );
  }
  // Into the tables they were read from; later migrations then do with them what they do with every row.
  await orm.migrator.up({ to: mirrored.schema });
  await inTransaction(pool, async (sql) => {
    const { revision } = await oneRow<{ revision: string }>(sql, "select revision::text as revision from key_revision");
    // A rebuild that was interrupted has them already, and perhaps a change that was made since.
    if (BigInt(revision) < mirrored.revision) await restore(sql, mirrored);
  });
  await orm.migrator.up();
  const revoked = mirrored.keys.filter(({ revoke_time: time }) => time !== null).length;
  log(
    `Restored from ${shortPath(mirror.path)}: ${mirrored.keys.length} API keys, ${revoked} of them revoked, ` +
      `and ${mirrored.settings.length} settings.`,
  );
}

/** Says what to do when damage comes to light while the database is in use. Calls do not need it; the journal keeps them. */
function guard(directory: EmbeddedDirectory, pool: Pool, log: Log): Pool {
  const meanwhile = "Calls go on, and the journal keeps their usage until 1 GiB waits there.";
  let told = false;
  directory.database.whenLost((failure) => {
    log(
      `The embedded database has ended: ${firstLine(failure)}. ${meanwhile} ` +
        "Restart the gateway: it opens the database again, or makes a new one from the snapshot and the journal.",
    );
  });
  return watched(pool, (error) => {
    const why = damageIn(error);
    if (why === undefined || told) return;
    told = true;
    const remedy =
      "Restart the gateway: it sets the database aside and makes a new one from the snapshot and the journal.";
    directory.orderRebuild(why).then(
      () => log(`The embedded database is damaged: ${why}. ${meanwhile} ${remedy}`),
      (failure) =>
        log(
          `The embedded database is damaged: ${why}. ${meanwhile} That could not be written down (${firstLine(failure)}), ` +
            `so stop the gateway, move ${shortPath(directory.path)} away, and start it again.`,
        ),
    );
  });
}
