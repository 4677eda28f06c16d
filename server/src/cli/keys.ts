import { type Timestamp, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Key,
  KeyPrefix,
  KeySchema,
  KeyService,
  ListKeysResponseSchema,
} from "@pontage/gen/pontage/admin/v1/key_pb.ts";
import { Command, InvalidArgumentError, Option } from "commander";
import { adminClient } from "./connection.ts";
import { type Column, count, dollars, type Format, formatOption, messageJson, print, printRows } from "./output.ts";

const prefixes = {
  "sk-pt-": KeyPrefix.SK_PT,
  pt_: KeyPrefix.PT,
  gm_: KeyPrefix.GM,
  "sk-": KeyPrefix.SK,
  "sk-ant-": KeyPrefix.SK_ANT,
} as const;

const columns: readonly Column<Key>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "name", value: ({ name }) => name },
  { title: "secret", value: ({ prefix, lastFour }) => `${prefix}...${lastFour}` },
  { title: "state", value: stateOf },
  { title: "created", value: ({ createTime }) => day(createTime) },
  { title: "attempts", value: ({ attempts }) => count(attempts), right: true },
  { title: "cost", value: ({ costNanoUsd }) => dollars(costNanoUsd), right: true },
];

interface CreateOptions {
  readonly prefix: keyof typeof prefixes;
  readonly expires?: Date;
  readonly strict: boolean;
  readonly output: Format;
}

export function keysCommand(): Command {
  const keys = new Command("keys").description("the keys callers present at the gate");
  keys
    .command("list")
    .description("list the keys, newest first")
    .option("--all", "revoked ones too", false)
    .option("--page-token <token>", "where to continue", "")
    .addOption(formatOption())
    .action(async ({ all, pageToken, output }: { all: boolean; pageToken: string; output: Format }) => {
      const page = await adminClient(KeyService).listKeys({ showRevoked: all, pageToken, pageSize: 100 });
      printRows(output, columns, page.keys, () => messageJson(ListKeysResponseSchema, page));
      if (page.nextPageToken) process.stderr.write(`Next page: --page-token ${page.nextPageToken}\n`);
    });
  keys
    .command("create <name>")
    .description("issue a key; its secret is shown this once")
    .addOption(
      new Option("--prefix <prefix>", "how the secret begins").choices(Object.keys(prefixes)).default("sk-pt-"),
    )
    .option("--expires <date>", "when it stops working, for example 2027-06-30", date)
    .option("--strict", "refuse its calls where something of them would be lost", false)
    .addOption(formatOption())
    .action(async (name: string, options: CreateOptions) => {
      const { key, secret } = await adminClient(KeyService).createKey({
        name,
        prefix: prefixes[options.prefix],
        strict: options.strict,
        ...(options.expires && { expireTime: timestampFromDate(options.expires) }),
      });
      printSecret(options.output, key!, secret);
    });
  keys
    .command("show <key>")
    .description("show one key, by id or name")
    .addOption(formatOption())
    .action(async (id: string, { output }: { output: Format }) => {
      const { key } = await adminClient(KeyService).getKey({ id });
      printRows(output, columns, [key!], () => messageJson(KeySchema, key!));
    });
  keys
    .command("rotate <key>")
    .description("give a key a new secret; id, name and history stay")
    .option("--grace <duration>", "how long the old secret still works: 30s, 10m, 24h, 7d", duration, 0)
    .addOption(formatOption())
    .action(async (id: string, { grace, output }: { grace: number; output: Format }) => {
      const { key, secret } = await adminClient(KeyService).rotateKey({ id, graceSeconds: grace });
      printSecret(output, key!, secret);
    });
  keys
    .command("revoke <key>")
    .description("close a key for good")
    .action(async (id: string) => {
      const { key } = await adminClient(KeyService).revokeKey({ id });
      print(`Revoked ${key!.name} (${key!.id}).`);
    });
  return keys;
}

function printSecret(format: Format, key: Key, secret: string): void {
  if (format === "json") {
    print(JSON.stringify({ key: messageJson(KeySchema, key), secret }, null, 2));
    return;
  }
  // The secret alone on stdout, so that a script can take it.
  print(secret);
  process.stderr.write(`${key.name} (${key.id}). Shown once, keep it.\n`);
}

function stateOf({ revokeTime, expireTime, graceEndTime }: Key): string {
  if (revokeTime) return "revoked";
  if (expireTime && timestampDate(expireTime).getTime() <= Date.now()) return "expired";
  if (graceEndTime && timestampDate(graceEndTime).getTime() > Date.now()) return "rotating";
  return "active";
}

function day(time: Timestamp | undefined): string {
  return time ? timestampDate(time).toISOString().slice(0, 10) : "";
}

function date(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) throw new InvalidArgumentError("Say a date like 2027-06-30.");
  return value;
}

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

function duration(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (!amount) throw new InvalidArgumentError("Say a duration like 30s, 10m, 24h or 7d.");
  return Number(amount) * seconds[unit as keyof typeof seconds];
}
