import { type EntityManager, LockMode, type MikroORM, UniqueConstraintViolationException } from "@mikro-orm/postgresql";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { World } from "../world.ts";
import { ApiKey } from "./api-key.ts";
import { timeOrderedId } from "./id.ts";
import type { KeyRevision } from "./key-revision.ts";
import {
  defaultKeyPrefix,
  hashSecret,
  isKeyPrefix,
  type KeyPrefix,
  keyPrefixes,
  lastFour,
  makeSecret,
} from "./key-secret.ts";
import type { BeforeCommit } from "./setting.ts";

/** What the gate needs to know of a key: enough to decide, and nothing that would open it. */
export interface GateKey {
  readonly id: string;
  readonly name: string;
  readonly secretHash: string;
  /** Opens the gate as well, until `graceEndTimeMs`. */
  readonly previousSecretHash: string | undefined;
  readonly graceEndTimeMs: number | undefined;
  readonly expireTimeMs: number | undefined;
  readonly strict: boolean;
}

export interface NewKey {
  name: string;
  prefix?: KeyPrefix;
  expireTime?: Date;
  strict?: boolean;
}

export interface KeyPage {
  keys: ApiKey[];
  /** Where the next page begins. Empty on the last page. */
  nextPageToken: string;
}

export interface KeyListing {
  pageSize?: number;
  pageToken?: string;
  showRevoked?: boolean;
}

const defaultPageSize = 50;
const largestPageSize = 250;
const longestGraceSeconds = 30 * 24 * 3600;

/** The keys that callers present at the gate. Secrets leave this class once, when they are made. */
export class ApiKeys {
  readonly #orm: MikroORM;
  readonly #world: World;
  readonly #revision: KeyRevision;
  readonly #beforeCommit: BeforeCommit;

  constructor(orm: MikroORM, world: World, revision: KeyRevision, beforeCommit: BeforeCommit = async () => undefined) {
    this.#orm = orm;
    this.#world = world;
    this.#revision = revision;
    this.#beforeCommit = beforeCommit;
  }

  /** Calls back after keys have changed, here or on another replica. A local write waits for what the callback returns. */
  onChange(listener: () => void | Promise<void>): () => void {
    return this.#revision.onChange(listener);
  }

  /** When every change was last known to have been told, on the clock that never steps; infinity where nobody else writes. */
  get confirmedAtMs(): number {
    return this.#revision.confirmedAtMs;
  }

  async issue({
    name,
    prefix = defaultKeyPrefix,
    expireTime,
    strict = false,
  }: NewKey): Promise<{ key: ApiKey; secret: string }> {
    if (!isKeyPrefix(prefix)) {
      throw new GatewayError(Reason.INVALID_ARGUMENT, `A key begins with one of ${keyPrefixes.join(" ")}`, {
        param: "prefix",
      });
    }
    const nowMs = this.#world.clock.nowMs();
    if (expireTime && !(expireTime.getTime() > nowMs)) {
      throw new GatewayError(Reason.INVALID_ARGUMENT, "The key would have expired already.", { param: "expire_time" });
    }
    const secret = makeSecret(prefix, this.#world.randomBytes);
    let key: ApiKey;
    try {
      key = await this.#write(async (em) =>
        em.create(ApiKey, {
          id: timeOrderedId("key_", nowMs, this.#world.randomBytes),
          name,
          prefix,
          strict,
          lastFour: lastFour(secret),
          secretHash: hashSecret(secret),
          createTime: new Date(nowMs),
          expireTime: expireTime ?? null,
        }),
      );
    } catch (error) {
      if (!(error instanceof UniqueConstraintViolationException)) throw error;
      throw new GatewayError(Reason.INVALID_ARGUMENT, `Another key is named "${name}" and is not revoked.`, {
        param: "name",
        cause: error,
      });
    }
    return { key, secret };
  }

  /** The keys, newest first, page by page. A key issued meanwhile moves nothing from one page to another. */
  async list({ pageSize = defaultPageSize, pageToken = "", showRevoked = false }: KeyListing = {}): Promise<KeyPage> {
    const size = Math.min(pageSize || defaultPageSize, largestPageSize);
    const before = pageToken === "" ? undefined : decodePageToken(pageToken);
    const keys = await this.#orm.em.fork().find(
      ApiKey,
      { ...(before && { id: { $lt: before } }), ...(showRevoked ? {} : { revokeTime: null }) },
      // One more than asked for tells whether there is a next page.
      { orderBy: { id: "desc" }, limit: size + 1 },
    );
    const more = keys.length > size;
    if (more) keys.pop();
    return { keys, nextPageToken: more ? encodePageToken(keys.at(-1)!.id) : "" };
  }

  /** A key by its id, or by the name of a key that is not revoked. */
  async find(idOrName: string): Promise<ApiKey | undefined> {
    return this.#find(this.#orm.em.fork(), idOrName);
  }

  async #find(em: EntityManager, idOrName: string, lockMode?: LockMode): Promise<ApiKey | undefined> {
    const options = lockMode === undefined ? {} : { lockMode };
    // An id is looked for first, so that nobody can hide a key by naming another one like it.
    const byId = await em.findOne(ApiKey, { id: idOrName }, options);
    return byId ?? (await em.findOne(ApiKey, { name: idOrName, revokeTime: null }, options)) ?? undefined;
  }

  /** Changes a key that exists, alone: two changes of one key come one after the other. */
  async #change(idOrName: string, change: (key: ApiKey) => void): Promise<ApiKey> {
    return this.#write(async (em) => {
      const found = await this.#find(em, idOrName, LockMode.PESSIMISTIC_WRITE);
      if (!found) throw new GatewayError(Reason.NOT_FOUND, `There is no key "${idOrName}".`, { param: "id" });
      change(found);
      return found;
    });
  }

  /** Every change of keys goes this way, and is in effect here when it resolves. */
  async #write(change: (em: EntityManager) => Promise<ApiKey>): Promise<ApiKey> {
    const key = await this.#orm.em.fork().transactional(async (em) => {
      const changed = await change(em);
      await em.flush();
      await this.#beforeCommit({ rows: (text) => em.execute(text) });
      return changed;
    });
    await this.#revision.changed();
    return key;
  }

  /** Gives a key a new secret. The old one works for `graceSeconds` more; one that was still in its grace ends at once. */
  async rotate(idOrName: string, graceSeconds: number): Promise<{ key: ApiKey; secret: string }> {
    if (!Number.isInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > longestGraceSeconds) {
      throw new GatewayError(Reason.INVALID_ARGUMENT, "The grace period is between 0 seconds and 30 days.", {
        param: "grace_seconds",
      });
    }
    let secret = "";
    const key = await this.#change(idOrName, (found) => {
      const nowMs = this.#world.clock.nowMs();
      if (found.revokeTime) throw new GatewayError(Reason.FAILED_PRECONDITION, `Key "${found.name}" is revoked.`);
      if (found.expireTime && found.expireTime.getTime() <= nowMs) {
        throw new GatewayError(Reason.FAILED_PRECONDITION, `Key "${found.name}" has expired.`);
      }
      if (!isKeyPrefix(found.prefix))
        throw new GatewayError(Reason.INTERNAL, `Key "${found.name}" has an unknown prefix.`);
      secret = makeSecret(found.prefix, this.#world.randomBytes);
      found.previousSecretHash = graceSeconds > 0 ? found.secretHash : null;
      found.graceEndTime = graceSeconds > 0 ? new Date(nowMs + graceSeconds * 1000) : null;
      found.secretHash = hashSecret(secret);
      found.lastFour = lastFour(secret);
      found.rotateTime = new Date(nowMs);
    });
    return { key, secret };
  }

  /** Closes a key for good. Revoking twice changes nothing. */
  async revoke(idOrName: string): Promise<ApiKey> {
    return this.#change(idOrName, (found) => {
      found.revokeTime ??= new Date(this.#world.clock.nowMs());
    });
  }

  /** Every key that opens the gate now. Whether it still does at the time of a call is for the caller to look at. */
  async snapshot(): Promise<GateKey[]> {
    const now = new Date(this.#world.clock.nowMs());
    const live = { revokeTime: null, $or: [{ expireTime: null }, { expireTime: { $gt: now } }] };
    const keys = await this.#orm.em.fork().find(ApiKey, live, { orderBy: { id: "asc" } });
    return keys.map((key) => ({
      id: key.id,
      name: key.name,
      secretHash: key.secretHash,
      previousSecretHash: key.previousSecretHash ?? undefined,
      graceEndTimeMs: key.graceEndTime?.getTime(),
      expireTimeMs: key.expireTime?.getTime(),
      strict: key.strict,
    }));
  }
}

/** Opaque to callers, so that what it is made of may change. */
function encodePageToken(lastId: string): string {
  return Buffer.from(`1 ${lastId}`).toString("base64url");
}

function decodePageToken(token: string): string {
  const [version, lastId, ...rest] = Buffer.from(token, "base64url").toString("utf8").split(" ");
  if (version !== "1" || !lastId || !/^key_[0-9a-z]{26}$/.test(lastId) || rest.length > 0) {
    throw new GatewayError(Reason.INVALID_ARGUMENT, "The page token was not given out by this gateway.", {
      param: "page_token",
    });
  }
  return lastId;
}
