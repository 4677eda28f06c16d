import { type Timestamp, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { Connection } from "./connection.ts";
import { type Duration, toSeconds } from "./duration.ts";
import { GatewayUnavailable, NotFound } from "./error.ts";
import { KeyPrefix, type KeyService, type Key as ProtoKey } from "./gen/pontage/admin/v1/key_pb.ts";
import { Money } from "./money.ts";
import type { CallOptions } from "./options.ts";
import { PagedList } from "./paging.ts";

const prefixes = {
  "sk-pt-": KeyPrefix.SK_PT,
  pt_: KeyPrefix.PT,
  gm_: KeyPrefix.GM,
  "sk-": KeyPrefix.SK,
  "sk-ant-": KeyPrefix.SK_ANT,
} as const;

/** A key that callers present at the gate. */
export interface Key {
  /** Stays the same when the key is rotated. */
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  /** The last four characters of the secret, to tell keys apart. */
  readonly lastFour: string;
  readonly createTime?: Date;
  /** When it stops working by itself. Unset means never. */
  readonly expireTime?: Date;
  /** When it was revoked. Unset while it works. */
  readonly revokeTime?: Date;
  readonly rotateTime?: Date;
  /** Until when the secret before the last rotation still works. */
  readonly graceEndTime?: Date;
  /** What calls with this key have cost so far. */
  readonly cost: Money;
  /** How many upstream calls were made with it. */
  readonly attempts: bigint;
}

/** A key and its secret, which is shown this once. */
export interface IssuedKey {
  readonly key: Key;
  readonly secret: string;
}

/** A key to issue. */
export interface NewKey {
  /** Unique among the keys that are not revoked. */
  name: string;
  /** `sk-pt-` when left out. */
  prefix?: keyof typeof prefixes;
  /** When it stops working by itself. Never when left out. */
  expireTime?: Date;
}

/** Issues, rotates and revokes keys. Needs the admin token. Keys are named by id, or by name while not revoked. */
export class Keys {
  readonly #connection: Connection;
  readonly #client: Client<typeof KeyService>;

  constructor(connection: Connection, client: Client<typeof KeyService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Issues a key. */
  async create(key: NewKey, options: CallOptions = {}): Promise<IssuedKey> {
    const { name, prefix, expireTime } = key;
    const request = {
      name,
      prefix: prefix === undefined ? KeyPrefix.UNSPECIFIED : prefixes[prefix],
      ...(expireTime ? { expireTime: timestampFromDate(expireTime) } : {}),
    };
    // Not repeatable: a second try would issue a second secret, or fail because the name is taken.
    const { message } = await this.#connection.unary((own) => this.#client.createKey(request, own), options, {
      repeatable: false,
    });
    return { key: decodeKey(message.key, name), secret: message.secret };
  }

  /** Lists the keys, newest first. */
  list(
    { showRevoked = false, pageSize = 0 }: { showRevoked?: boolean; pageSize?: number } = {},
    options: CallOptions = {},
  ): PagedList<Key> {
    return new PagedList(async (pageToken) => {
      const { message } = await this.#connection.unary(
        (own) => this.#client.listKeys({ showRevoked, pageSize, pageToken }, own),
        options,
      );
      return { items: message.keys.map((key) => decodeKey(key, key.id)), nextPageToken: message.nextPageToken };
    });
  }

  /** Returns one key. */
  async get(id: string, options: CallOptions = {}): Promise<Key> {
    const { message } = await this.#connection.unary((own) => this.#client.getKey({ id }, own), options);
    if (!message.key) throw new NotFound(`There is no key \`${id}\`.`, { code: "NOT_FOUND" });
    return decodeKey(message.key, id);
  }

  /** Gives a key a new secret. The old one works until `grace` is over; without it, it ends at once. */
  async rotate(id: string, { grace = 0 }: { grace?: Duration } = {}, options: CallOptions = {}): Promise<IssuedKey> {
    const request = { id, graceSeconds: toSeconds(grace) };
    // Not repeatable: a second rotation would end the secret that is in its grace period.
    const { message } = await this.#connection.unary((own) => this.#client.rotateKey(request, own), options, {
      repeatable: false,
    });
    return { key: decodeKey(message.key, id), secret: message.secret };
  }

  /** Closes a key for good. Revoking twice changes nothing. */
  async revoke(id: string, options: CallOptions = {}): Promise<Key> {
    const { message } = await this.#connection.unary((own) => this.#client.revokeKey({ id }, own), options);
    return decodeKey(message.key, id);
  }
}

function decodeKey(key: ProtoKey | undefined, asked: string): Key {
  if (!key) throw new GatewayUnavailable(`The gateway said nothing about key \`${asked}\`.`, { code: "EMPTY_ANSWER" });
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    lastFour: key.lastFour,
    ...date("createTime", key.createTime),
    ...date("expireTime", key.expireTime),
    ...date("revokeTime", key.revokeTime),
    ...date("rotateTime", key.rotateTime),
    ...date("graceEndTime", key.graceEndTime),
    cost: new Money(key.costNanoUsd),
    attempts: key.attempts,
  };
}

function date<N extends string>(name: N, time: Timestamp | undefined): { [K in N]?: Date } {
  return time ? ({ [name]: timestampDate(time) } as { [K in N]: Date }) : {};
}
