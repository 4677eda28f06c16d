import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type Request,
  RequestSchema,
  type RequestService,
  type WatchRequestsResponse,
  WatchRequestsResponseSchema,
} from "@pontage/gen/pontage/admin/v1/request_pb.ts";
import type { Activity, EndedCall } from "../pipeline/activity.ts";

/** A watcher that is further behind than this is told how much it missed. */
const mostWaiting = 1000;
const heartbeatMs = 15_000;

/**
 * `producer` marks cursors, so that one from before a restart is recognised and begins anew. `shutdown` ends the watches,
 * which would go on for ever.
 */
export function requestService(
  activity: Activity,
  producer: string,
  shutdown: AbortSignal,
): ServiceImpl<typeof RequestService> {
  const cursorOf = (sequence: number) => `${producer}:${sequence}`;
  const sequenceOf = (cursor: string) => {
    const [from, sequence] = cursor.split(":");
    return from === producer ? Number(sequence) || 0 : 0;
  };
  const response = (sequence: number, item: WatchRequestsResponse["item"]) =>
    create(WatchRequestsResponseSchema, { item, cursor: cursorOf(sequence) });

  return {
    async *watchRequests({ cursor }, context: HandlerContext) {
      let waiting: EndedCall[] = [];
      let missed = 0;
      let wake = () => {};
      const stop = activity.watch((ended) => {
        if (waiting.length < mostWaiting) waiting.push(ended);
        else missed++;
        wake();
      });
      const ending = AbortSignal.any([context.signal, shutdown]);
      const onAbort = () => wake();
      ending.addEventListener("abort", onAbort);
      try {
        const from = sequenceOf(cursor);
        const past = activity.since(from);
        let sequence = from;
        if (past.missed > 0) yield response(sequence, { case: "missed", value: BigInt(past.missed) });
        waiting = [
          ...past.calls,
          ...waiting.filter(({ sequence }) => sequence > (past.calls.at(-1)?.sequence ?? from)),
        ];
        // The first word at once, so that a watcher knows it is connected.
        yield response(sequence, { case: "heartbeat", value: { $typeName: "pontage.admin.v1.Heartbeat" } });
        while (!ending.aborted) {
          for (const ended of waiting.splice(0)) {
            sequence = ended.sequence;
            yield response(sequence, { case: "request", value: toProto(ended) });
          }
          if (missed > 0) {
            yield response(sequence, { case: "missed", value: BigInt(missed) });
            missed = 0;
          }
          const woken = await new Promise<boolean>((resolve) => {
            if (waiting.length > 0 || ending.aborted) return resolve(true);
            const timer = setTimeout(() => resolve(false), heartbeatMs);
            wake = () => {
              clearTimeout(timer);
              resolve(true);
            };
          });
          if (!woken)
            yield response(sequence, { case: "heartbeat", value: { $typeName: "pontage.admin.v1.Heartbeat" } });
        }
        throw ending.reason;
      } finally {
        stop();
        ending.removeEventListener("abort", onAbort);
      }
    },
  };
}

function toProto(ended: EndedCall): Request {
  const { last } = ended;
  return create(RequestSchema, {
    id: ended.id,
    startTime: timestampFromMs(ended.startTimeMs),
    status: ended.status,
    reason: ended.reason,
    keyId: ended.keyId,
    keyName: ended.keyName,
    askedModel: ended.askedModel,
    provider: last?.provider ?? "",
    model: last?.model ?? "",
    doorDialect: ended.doorDialect,
    upstreamDialect: last?.upstreamDialect ?? "",
    streamed: ended.streamed,
    usage: { usage: ended.usage, source: ended.usageSource, costNanoUsd: ended.costNanoUsd },
    attempts: ended.attempts,
    firstByteMs: Math.round(ended.firstByteMs ?? 0),
    durationMs: Math.round(ended.durationMs),
    simulated: last?.simulated ?? false,
    abandoned: ended.abandoned,
  });
}
