import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  CountTokensResponseSchema,
  StreamChatResponseSchema,
} from "@pontage/gen/pontage/v1/chat_pb.ts";
import {
  type GenerateEvent,
  type GenerateRequest,
  GenerateRequestSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { errorFrom } from "../canonical/error.ts";
import { generation } from "../dialects/codec.ts";
import { CanonicalRequest } from "../payload/request.ts";
import type { StreamReply } from "../pipeline/reply.ts";
import { cutOff, ReaderWatch } from "./reader-watch.ts";
import { receiptOf, rpcCalls } from "./rpc-calls.ts";
import type { DoorTools } from "./wire-door.ts";

/** How many events may wait for a slow reader before the upstream is paused. */
const mostWaiting = 64;

/** Our own RPCs, which speak the canonical model: the same pipeline as every front door. */
export function chatService(tools: DoorTools): ServiceImpl<typeof ChatService> {
  const { clock, limits } = tools;
  const { begin, run, once, tell } = rpcCalls(tools);

  return {
    chat({ request }, context) {
      const running = begin(() => generating(request, false), "generate", context);
      const { call } = running;
      return once(running, (reply) => {
        tell(call, context);
        if (reply.kind !== "unary") throw new Error("a whole answer was asked for");
        return { reply: reply.value(), receipt: receiptOf(call) };
      });
    },
    async *streamChat({ request }, context) {
      const running = begin(() => generating(request, true), "generate", context);
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
      const running = begin(() => generating(request, false), "count-tokens", context);
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

/** The validation interceptor has seen to it that there is one. */
function generating(request: GenerateRequest | undefined, stream: boolean): CanonicalRequest<GenerateRequest> {
  const { model, maxOutputTokens } = request!;
  const head = { model, stream, showUsage: true, maxOutputTokens };
  return new CanonicalRequest(generation, request!, head, toBinary(GenerateRequestSchema, request!).length);
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
