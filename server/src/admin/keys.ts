import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Key, KeyPrefix, KeySchema, type KeyService } from "@pontage/gen/pontage/admin/v1/key_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { ApiKey } from "../store/api-key.ts";
import type { KeyPrefix as PrefixText } from "../store/key-secret.ts";
import { keyScope } from "../store/ledger.ts";
import type { Store } from "../store/store.ts";

const prefixes: Readonly<Record<KeyPrefix, PrefixText>> = {
  [KeyPrefix.UNSPECIFIED]: "sk-pt-",
  [KeyPrefix.SK_PT]: "sk-pt-",
  [KeyPrefix.PT]: "pt_",
  [KeyPrefix.GM]: "gm_",
  [KeyPrefix.SK]: "sk-",
  [KeyPrefix.SK_ANT]: "sk-ant-",
};

export function keyService({ keys, ledger }: Store): ServiceImpl<typeof KeyService> {
  /** Adds what the ledger knows of the keys. */
  const withSums = async (found: readonly ApiKey[]): Promise<Key[]> => {
    const balances = await ledger.balances(found.map(({ id }) => keyScope(id)));
    return found.map((key) => toProto(key, balances.get(keyScope(key.id))));
  };
  const withSum = async (key: ApiKey) => (await withSums([key]))[0]!;

  return {
    async createKey({ name, prefix, expireTime, strict }) {
      const { key, secret } = await keys.issue({
        name,
        prefix: prefixes[prefix]!,
        strict,
        ...(expireTime && { expireTime: timestampDate(expireTime) }),
      });
      return { key: await withSum(key), secret }; // shown once, stored only as a hash
    },
    async listKeys({ pageSize, pageToken, showRevoked }) {
      const page = await keys.list({ pageSize, pageToken, showRevoked });
      return { keys: await withSums(page.keys), nextPageToken: page.nextPageToken };
    },
    async getKey({ id }) {
      const key = await keys.find(id);
      if (!key)
        throw new GatewayError(Reason.NOT_FOUND, `There is no key "${id}". List them with \`pontage keys list\`.`);
      return { key: await withSum(key) };
    },
    async rotateKey({ id, graceSeconds }) {
      const { key, secret } = await keys.rotate(id, graceSeconds);
      return { key: await withSum(key), secret };
    },
    async revokeKey({ id }) {
      return { key: await withSum(await keys.revoke(id)) };
    },
  };
}

function toProto(key: ApiKey, sums: { costNanoUsd: bigint; attempts: bigint } | undefined): Key {
  return create(KeySchema, {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    strict: key.strict,
    lastFour: key.lastFour,
    createTime: timestamp(key.createTime),
    expireTime: timestamp(key.expireTime),
    revokeTime: timestamp(key.revokeTime),
    rotateTime: timestamp(key.rotateTime),
    graceEndTime: timestamp(key.graceEndTime),
    costNanoUsd: sums?.costNanoUsd ?? 0n,
    attempts: sums?.attempts ?? 0n,
  });
}

function timestamp(time: Date | null | undefined): Timestamp | undefined {
  return time ? timestampFromDate(time) : undefined;
}
