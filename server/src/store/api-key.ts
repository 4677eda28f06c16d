import { defineEntity, p } from "@mikro-orm/postgresql";

const ApiKeySchema = defineEntity({
  name: "ApiKey",
  tableName: "api_key",
  properties: {
    /** `key_` and a time-ordered part, so that the newest is the greatest. Stays the same through rotations. */
    id: p.text().primary(),
    /** Unique among the keys that are not revoked. */
    name: p.text(),
    prefix: p.text(),
    /** Its calls are refused where something of them would be lost. */
    strict: p.boolean().default(false),
    lastFour: p.text(),
    /** SHA-256 of the whole secret, hex. */
    secretHash: p.text().unique("api_key_secret_hash_unique").hidden(),
    /** The secret before the last rotation; it opens the gate until `graceEndTime`. */
    previousSecretHash: p.text().nullable().hidden(),
    graceEndTime: p.datetime().columnType("timestamptz").nullable(),
    createTime: p.datetime().columnType("timestamptz"),
    expireTime: p.datetime().columnType("timestamptz").nullable(),
    revokeTime: p.datetime().columnType("timestamptz").nullable(),
    rotateTime: p.datetime().columnType("timestamptz").nullable(),
  },
  indexes: [
    {
      name: "api_key_live_name",
      expression: "create unique index api_key_live_name on api_key (name) where revoke_time is null",
    },
  ],
});

/** A key that callers present at the gate. */
export class ApiKey extends ApiKeySchema.class {}
ApiKeySchema.setClass(ApiKey);
