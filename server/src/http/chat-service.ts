import { create, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  CountTokensResponseSchema,
  type Receipt,
  ReceiptSchema,
  StreamChatResponseSchema,
} from "@pontage/gen/pontage/v1/chat_pb.ts";
import {
  type GenerateEvent,
  type GenerateRequest,
  GenerateRequestSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import type { Operation } from "../dialects/dialect.ts";
import { CanonicalRequest } from "../payload/request.ts";
import { Call } from "../pipeline/call.ts";
import type { Reply, StreamReply } from "../pipeline/reply.ts";
import { localOperator, localSocket } from "./access.ts";
import { callHeaders, targetHeaders } from "./answer-headers.ts";
import { cutOff, ReaderWatch } from "./reader-watch.ts";
import { toConnectError } from "./rpc-errors.ts";
import { asGatewayError, type DoorTools } from "./wire-door.ts";

/** How many events may wait for a slow reader before the upstream is paused. */
const mostWaiting = 64;

/** A call of an RPC, and how its end is told: once, by whoever notices it first. */
interface RunningCall {
  readonly call: Call;
  /** Fires when the client has left or its deadline has passed, and also when the RPC is complete. */
  readonly signal: AbortSignal;
  readonly end: (status: number, error: GatewayError | undefined) => void;
}

/** Our own RPCs, which speak the canonical model: the same pipeline as every front door. */
export function chatService(tools: DoorTools): ServiceImpl<typeof ChatService> {
  const { pipeline, activity, clock, newRequestId, log, limits } = tools;

  const begin = (
    request: GenerateRequest | undefined,
    operation: Operation,
    stream: boolean,
    context: HandlerContext,
  ): RunningCall => {
    const call = new Call({
      id: newRequestId(),
      door: { dialect: undefined, operation, framing: undefined },
      headers: Object.fromEntries(context.requestHeader),
      startTimeMs: clock.nowMs(),
      arrivedAtMs: clock.monotonicMs(),
      // The validation interceptor has seen to it that there is one.
      read: async () => new CanonicalRequest(request!, stream, toBinary(GenerateRequestSchema, request!).length),
    });
    if (context.values.get(localSocket)) call.caller = localOperator;
    context.responseHeader.set("x-request-id", call.id);
    activity.began(call);
    let over = false;
    const end: RunningCall["end"] = (status, error) => {
      if (over) return;
      over = true;
      call.leave();
      activity.ended(call, status, error);
    };
    // When the client has left, nobody goes on with the generators below, not even to finish them, so the end must not
    // depend on them. On completion this comes too late to matter.
    const { signal } = context;
    const left = () => end(call.firstByteAtMs === undefined ? 499 : 200, undefined);
    if (signal.aborted) left();
    else signal.addEventListener("abort", left, { once: true });
    return { call, signal, end };
  };

  /** Runs a call; whatever happens to it, it is seen, and a failure is told in the RPC's own form. */
  async function* run<T>(
    { call, signal, end }: RunningCall,
    act: (reply: Reply) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    let failure: GatewayError | undefined;
    try {
      yield* act(await pipeline(call));
    } catch (cause) {
      if (signal.aborted) throw signal.reason; // seen already; the reason may be a deadline, which a client would hear
      failure = asGatewayError(cause, call.id, log);
      call.complete = true; // the refusal is the answer
      throw toConnectError(failure, call.id);
    } finally {
      end(failure ? failure.status : 200, failure);
    }
  }
  const once = async <T>(running: RunningCall, act: (reply: Reply) => T): Promise<T> => {
    for await (const value of run(running, async function* (reply) {
      const answer = act(reply);
      running.call.complete = true;
      yield answer;
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
      const running = begin(request, "generate", false, context);
      const { call } = running;
      return once(running, (reply) => {
        tell(call, context);
        if (reply.kind !== "unary") throw new Error("a whole answer was asked for");
        return { reply: reply.value(), receipt: receiptOf(call) };
      });
    },
    async *streamChat({ request }, context) {
      const running = begin(request, "generate", true, context);
      const { call } = running;
      const reader = new ReaderWatch(clock, limits.stalledClientMs, context.values.get(cutOff));
      running.signal.addEventListener("abort", () => reader.end(), { once: true });
      yield* run(running, async function* (reply) {
        tell(call, context);
        const events =
          reply.kind === "stream" ? eventsOf(reply, running.signal) : reply.kind === "unary" ? reply.events() : [];
        for await (const event of events) {
          // A failure travels as the RPC's error, with its reason, and not as a message that looks like success.
          if (event.event.case === "failed") throw errorFrom(event.event.value.error);
          reader.handed();
          yield create(StreamChatResponseSchema, { item: { case: "event", value: event } });
          reader.taken();
        }
        call.complete = true;
        reader.handed();
        yield create(StreamChatResponseSchema, { item: { case: "receipt", value: receiptOf(call) } });
        reader.taken();
      });
    },
    countTokens({ request }, context) {
      const running = begin(request, "count-tokens", false, context);
      const { call } = running;
      return once(running, (reply) => {
        tell(call, context);
        if (reply.kind !== "count") throw new Error("a number of tokens was asked for");
        const source = reply.estimated ? UsageSource.ESTIMATED : UsageSource.PROVIDER;
        return create(CountTokensResponseSchema, { inputTokens: reply.inputTokens, source });
      });
    },
  };
}

/** A stream's events, pulled: when the reader is slow the upstream is paused. */
async function* eventsOf(reply: StreamReply, signal: AbortSignal): AsyncIterable<GenerateEvent> {
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
  signal.addEventListener("abort", () => wake(), { once: true });
  for (;;) {
    while (waiting.length > 0) {
      yield waiting.shift()!;
      if (waiting.length === 0) reply.resume();
    }
    if (ended) return;
    signal.throwIfAborted(); // nothing more comes
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
      costNanoUsd: call.costNanoUsd,
      priceVersion: last.priceVersion,
    }),
  });
}
