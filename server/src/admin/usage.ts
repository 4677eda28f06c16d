import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  UsageDimension,
  type UsageRow,
  UsageRowSchema,
  type UsageService,
} from "@pontage/gen/pontage/admin/v1/usage_pb.ts";
import type { UsageDimension as Dimension, Ledger, UsageSumsRow } from "../store/ledger.ts";

const dimensions: Readonly<Record<number, Dimension>> = {
  [UsageDimension.KEY]: "key",
  [UsageDimension.PROVIDER]: "provider",
  [UsageDimension.MODEL]: "model",
  [UsageDimension.OUTCOME]: "outcome",
};

export function usageService(ledger: Ledger): ServiceImpl<typeof UsageService> {
  return {
    async queryUsage({ by, startTime, endTime }) {
      const { rows, total } = await ledger.query({
        by: by.map((dimension) => dimensions[dimension]!),
        ...(startTime && { startTimeMs: timestampMs(startTime) }),
        ...(endTime && { endTimeMs: timestampMs(endTime) }),
      });
      return { rows: rows.map(toProto), total: toProto(total) };
    },
  };
}

function toProto({ tokens, ...row }: UsageSumsRow): UsageRow {
  return create(UsageRowSchema, {
    ...row,
    totals: {
      inputTokens: tokens.inputTokens,
      cacheReadTokens: tokens.cacheReadTokens,
      cacheWriteTokens: tokens.cacheWriteTokens + tokens.cacheWrite1hTokens,
      audioTokens: tokens.audioInputTokens + tokens.audioOutputTokens,
      outputTokens: tokens.outputTokens,
      reasoningTokens: tokens.reasoningTokens,
    },
  });
}
