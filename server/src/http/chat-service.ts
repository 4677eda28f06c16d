import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  CountTokensResponseSchema,
  type Receipt,
  ReceiptSchema,
  StreamChatResponseSchema,
} from "@pontage/gen/pontage/v1/chat_pb.ts";
import type { GenerateEvent, GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import type { Operation } from "../dialects/dialect.ts";
import { CanonicalRequest } from "../payload/request.ts";
import { Call } from "../pipeline/call.ts";
import type { Reply, StreamReply } from "../pipeline/reply.ts";
import { callHeaders, targetHeaders } from "./answer-headers.ts";
import { localOperator, localSocket } from "./access.ts";
import { toConnectError } from "./rpc-errors.ts";
import { asGatewayError, type DoorTools } from "./wire-door.ts";

/** How many events may wait for a slow reader before the upstream is paused. */
const mostWaiting = 64;

/** Our own RPCs, which speak the canonical model: the same pipeline as every front door. */
export function chatService(tools: DoorTools): ServiceImpl<typeof ChatService> {
  const { pipeline, activity, clock, newRequestId, log } = tools;

  const begin = (
    request: GenerateRequest | undefined,
    operation: Operation,
    stream: boolean,
    context: HandlerContext,
  ) => {
    const call = new Call({
      id: newRequestId(),
      door: { dialect: undefined, operation },
      headers: Object.fromEntries(context.requestHeader),
      startTimeMs: clock.nowMs(),
      arrivedAtMs: clock.monotonicMs(),
      // The validation interceptor has seen to it that there is one.
      read: async () => new CanonicalRequest(request!, stream, JSON.stringify(request?.messages).length),
    });
    // The signal also fires when the RPC is complete; the call is over by then and does not listen.
    context.signal.addEventListener("abort", () => call.leave(), { once: true });
    if (context.values.get(localSocket)) call.caller = localOperator;
    context.responseHeader.set("x-request-id", call.id);
    return call;
  };

  /** Runs a call; whatever happens to it, it is seen, and a failure is told in the RPC's own form. */
  async function* run<T>(call: Call, act: (reply: Reply) => AsyncIterable<T>): AsyncIterable<T> {
    activity.began();
    let failure: GatewayError | undefined;
    try {
      yield* act(await pipeline(call));
      call.complete = true;
    } catch (cause) {
      failure = asGatewayError(cause, call.id, log);
      throw toConnectError(failure, call.id);
    } finally {
      call.leave();
      activity.ended(call, failure ? failure.status : 200, failure);
    }
  }
  const once = async <T>(call: Call, act: (reply: Reply) => T): Promise<T> => {
    for await (const value of run(call, async function* (reply) {
      yield act(reply);
    }))
      return value;
    throw new Error("a call ended without an answer");
  };
  const tell = (call: Call, context: HandlerContext) => {
    const headers = callHeaders(call, clock.monotonicMs());
    if (call.target) headers.push(...targetHeaders(call.target.provider.name, call.target.model));
    for (let i = 0; i < headers.length; i += 2) context.responseHeader.set(headers[i]!, headers[i + 1]!);
  };

  return {
    chat({ request }, context) {
      const call = begin(request, "generate", false, context);
      return once(call, (reply) => {
        tell(call, context);
        if (reply.kind !== "unary") throw new Error("a whole answer was asked for");
        return { reply: reply.value(), receipt: receiptOf(call) };
      });
    },
    async *streamChat({ request }, context) {
      const call = begin(request, "generate", true, context);
      yield* run(call, async function* (reply) {
        tell(call, context);
        const events = reply.kind === "stream" ? eventsOf(reply) : reply.kind === "unary" ? reply.events() : [];
        for await (const event of events) {
          // A failure travels as the RPC's error, with its reason, and not as a message that looks like success.
          if (event.event.case === "failed") throw errorFrom(event.event.value.error);
          yield create(StreamChatResponseSchema, { item: { case: "event", value: event } });
        }
        yield create(StreamChatResponseSchema, { item: { case: "receipt", value: receiptOf(call) } });
      });
    },
    countTokens({ request }, context) {
      const call = begin(request, "count-tokens", false, context);
      return once(call, (reply) => {
        tell(call, context);
        if (reply.kind !== "count") throw new Error("a number of tokens was asked for");
        const source = reply.estimated ? UsageSource.ESTIMATED : UsageSource.PROVIDER;
        return create(CountTokensResponseSchema, { inputTokens: reply.inputTokens, source });
      });
    },
  };
}

/** A stream's events, pulled: when the reader is slow the upstream is paused. */
async function* eventsOf(reply: StreamReply): AsyncIterable<GenerateEvent> {
  const waiting: GenerateEvent[] = [];
  let ended = false;
  let wake = () => {};
  reply.attach({
    write(piece) {
      waiting.push(piece as GenerateEvent);
      wake();
      return waiting.length < mostWaiting;
    },
    end() {
      ended = true;
      wake();
    },
  });
  for (;;) {
    while (waiting.length > 0) {
      yield waiting.shift()!;
      if (waiting.length === 0) reply.resume();
    }
    if (ended) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

function receiptOf(call: Call): Receipt {
  const last = call.attempts.at(-1);
  return create(ReceiptSchema, {
    requestId: call.id,
    attempts: call.attempts.length,
    ...(last && {
      provider: last.provider,
      model: last.model,
      usage: last.usage,
      usageSource: last.usageSource,
      costNanoUsd: call.attempts.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n),
      priceVersion: last.priceVersion,
    }),
  });
}
