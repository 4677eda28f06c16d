import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { type Receipt, ReceiptSchema } from "@pontage/gen/pontage/v1/chat_pb.ts";
import type { GatewayError } from "../canonical/error.ts";
import type { Operation } from "../dialects/dialect.ts";
import type { Request } from "../payload/request.ts";
import { Call } from "../pipeline/call.ts";
import type { Reply } from "../pipeline/reply.ts";
import { localOperator, localSocket } from "./access.ts";
import { callHeaders, targetHeaders } from "./answer-headers.ts";
import { toConnectError } from "./rpc-errors.ts";
import { asGatewayError, type DoorTools } from "./wire-door.ts";

/** A call of an RPC, and how its end is told: once, by whoever notices it first. */
export interface RunningCall {
  readonly call: Call;
  /** Fires when the client has left or its deadline has passed, and also when the RPC is complete. */
  readonly signal: AbortSignal;
  readonly end: (status: number, error: GatewayError | undefined) => void;
}

/** What all our own RPCs that call models have in common: the way into the pipeline, and out of it. */
export function rpcCalls(tools: DoorTools) {
  const { pipeline, activity, clock, newRequestId, log } = tools;

  const begin = (read: () => Request, operation: Operation, context: HandlerContext): RunningCall => {
    const call = new Call({
      id: newRequestId(),
      door: { dialect: undefined, operation, framing: undefined },
      headers: Object.fromEntries(context.requestHeader),
      startTimeMs: clock.nowMs(),
      arrivedAtMs: clock.monotonicMs(),
      read: async () => read(),
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

  return { begin, run, once, tell };
}

export function receiptOf(call: Call): Receipt {
  const last = call.attempts.at(-1);
  return create(ReceiptSchema, {
    requestId: call.id,
    attempts: call.attempts.length,
    losses: [...call.losses.paths],
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
