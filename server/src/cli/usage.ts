import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  QueryUsageResponseSchema,
  UsageDimension,
  type UsageRow,
  UsageService,
} from "@pontage/gen/pontage/admin/v1/usage_pb.ts";
import { Command, InvalidArgumentError } from "commander";
import { adminClient } from "./connection.ts";
import { type Column, count, dollars, type Format, formatOption, messageJson, printRows } from "./output.ts";

const dimensions = {
  key: { dimension: UsageDimension.KEY, value: (row: UsageRow) => row.keyName || row.keyId },
  provider: { dimension: UsageDimension.PROVIDER, value: (row: UsageRow) => row.provider },
  model: { dimension: UsageDimension.MODEL, value: (row: UsageRow) => row.model },
  outcome: { dimension: UsageDimension.OUTCOME, value: (row: UsageRow) => row.outcome },
} as const;
type DimensionName = keyof typeof dimensions;

const sums: readonly Column<UsageRow>[] = [
  { title: "attempts", value: (row) => count(row.attempts), right: true },
  { title: "input", value: (row) => count(row.totals!.inputTokens), right: true },
  { title: "cached", value: (row) => count(row.totals!.cacheReadTokens + row.totals!.cacheWriteTokens), right: true },
  { title: "output", value: (row) => count(row.totals!.outputTokens), right: true },
  { title: "reasoning", value: (row) => count(row.totals!.reasoningTokens), right: true },
  { title: "cost", value: (row) => dollars(row.costNanoUsd), right: true },
];

export function usageCommand(): Command {
  return new Command("usage")
    .description("who used what, and what it cost")
    .option("--by <dimensions>", "key, provider, model, outcome; several with commas", byOption, [
      "model",
    ] as DimensionName[])
    .option("--since <duration>", "only the last 30m, 24h, 7d", sinceOption)
    .addOption(formatOption())
    .action(async ({ by, since, output }: { by: DimensionName[]; since?: number; output: Format }) => {
      const usage = await adminClient(UsageService).queryUsage({
        by: by.map((name) => dimensions[name].dimension),
        ...(since && { startTime: timestampFromMs(Date.now() - since) }),
      });
      const columns = [...by.map((name) => ({ title: name, value: dimensions[name].value })), ...sums];
      const total = { ...usage.total!, keyName: "total", provider: "total", model: "total", outcome: "total" };
      const rows = output === "table" && usage.rows.length > 1 ? [...usage.rows, total] : usage.rows;
      printRows(output, columns, rows, () => messageJson(QueryUsageResponseSchema, usage));
      if (output !== "table") return;
      const { unpricedAttempts, estimatedAttempts } = usage.total!;
      if (unpricedAttempts > 0n) process.stderr.write(`${count(unpricedAttempts)} attempts had no known price.\n`);
      if (estimatedAttempts > 0n)
        process.stderr.write(`${count(estimatedAttempts)} attempts have an estimated usage.\n`);
    });
}

function byOption(text: string): DimensionName[] {
  return text.split(",").map((name) => {
    if (!Object.hasOwn(dimensions, name))
      throw new InvalidArgumentError(`"${name}" is none of key, provider, model, outcome.`);
    return name as DimensionName;
  });
}

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function sinceOption(text: string): number {
  const [, amount, unit] = /^(\d+)([mhd])$/.exec(text) ?? [];
  if (!amount) throw new InvalidArgumentError("Say a duration like 30m, 24h or 7d.");
  return Number(amount) * unitsMs[unit as keyof typeof unitsMs];
}
