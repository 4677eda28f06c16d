import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Journal } from "../events/journal.ts";
import { requestHeaders } from "../providers/provider.ts";
import { type Sending, send } from "../providers/send.ts";
import type { Clock } from "../world.ts";
import type { Answer, AnswerOwner } from "./answer.ts";
import { streamAnswer } from "./answer-stream.ts";
import { errorAnswer, wholeAnswer } from "./answer-whole.ts";
import type { Call } from "./call.ts";
import { arrivingFraming } from "./relay.ts";
import type { Reply } from "./reply.ts";
import { Settlement } from "./settlement.ts";
import { refuseLosses } from "./strict.ts";
import type { Target } from "./target.ts";
import type { ThoughtMemory } from "./thought-memory.ts";
import { callToMind, keepWhole } from "./thoughts.ts";
import { garbage } from "./upstream-errors.ts";

export interface AttemptTools {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Undefined where nothing is to be kept. */
  readonly thoughts: ThoughtMemory | undefined;
}

/**
 * Makes one call to one upstream. Resolves when there is something to show: a whole answer, or a stream whose first event
 * has been read. Rejects with what went wrong before that, when another attempt may still follow. However it ends, it is
 * in the journal exactly once.
 */
export async function attempt(call: Call, target: Target, { journal, clock, thoughts }: AttemptTools): Promise<Reply> {
  const request = call.request!;
  const { provider, speaking, operation, sentModel: model, outputLimit } = target;
  const { dialect } = speaking;
  const { stream } = request.head;
  const askUsage = stream && provider.streamUsage === "ask";
  const minded = callToMind(call, target, thoughts);
  const memory = minded instanceof Promise ? await minded : minded;
  const body = request.bytes({
    dialect,
    operation,
    model,
    askUsage,
    usageUnasked: provider.streamUsage === "always",
    outputLimit,
    quirks: provider.quirks,
    losses: call.losses,
    known: memory?.known,
    withoutThoughts: call.withoutThoughts,
    headers: call.headers,
  });
  refuseLosses(call, dialect.id);
  const headers = requestHeaders(speaking, call.door.dialect, call.headers);

  // From here on the attempt exists: whatever happens, it gets its row.
  const settlement = new Settlement(call, target, journal, clock);
  const synced = settlement.synced();
  if (synced) await synced;
  if (settlement.refused) throw journalFull();
  const stopped = call.stopped;
  if (stopped) {
    settlement.nothing(Outcome.UNSENT, stopped);
    throw stopped;
  }

  return new Promise((resolve, reject) => {
    let dispatched = false;
    let over = false;
    let answer: Answer | undefined;

    const owner: AnswerOwner = {
      show(reply) {
        if (memory?.keep && reply.kind === "unary") keepWhole(reply.value(), memory.keep);
        const nowMs = clock.monotonicMs();
        call.firstByteAtMs ??= nowMs;
        call.upstreamWaitMs += nowMs - settlement.startedAtMs;
        resolve(reply);
      },
      refuse(error) {
        owner.done();
        call.upstreamWaitMs += clock.monotonicMs() - settlement.startedAtMs;
        // A refusal is an answer's last byte too, so it waits for its record.
        const recorded = settlement.synced();
        if (recorded) void recorded.then(() => reject(error));
        else reject(error);
      },
      cancel: () => sending.cancel(),
      done() {
        over = true;
        call.whenStopped(undefined);
      },
    };
    const refuseUnanswered = (error: GatewayError) => {
      settlement.nothing(dispatched ? Outcome.UPSTREAM_ERROR : Outcome.UNSENT, error);
      owner.refuse(error);
    };

    const sending: Sending = send(provider, target.path, headers, body, {
      dispatched() {
        dispatched = true;
      },
      head(status, answerHeaders) {
        settlement.start(status);
        const { name, withoutSecrets } = provider;
        const upstream = { name, dialect, operation, withoutSecrets };
        const streamed = (answerHeaders["content-type"] ?? "").startsWith(arrivingFraming(dialect).mediaType);
        if (status >= 400) {
          answer = errorAnswer(upstream, answerHeaders, settlement, owner);
        } else if (status >= 300) {
          sending.cancel();
          refuseUnanswered(garbage(provider.name, `status ${status}, which is not an answer`));
        } else if (stream && streamed) {
          answer = streamAnswer(call, target, sending, settlement, owner, memory?.keep);
        } else {
          const { door } = call;
          const passes = door.dialect?.id === dialect.id && door.operation === operation && !stream;
          answer = wholeAnswer(upstream, passes, settlement, owner);
        }
      },
      data: (chunk) => answer?.data(chunk),
      end: () => (answer ? answer.end() : refuseUnanswered(garbage(provider.name, "nothing"))),
      failed: (error) => (answer ? answer.failed(error) : refuseUnanswered(error)),
    });

    call.whenStopped((why) => {
      if (over) return;
      sending.cancel();
      if (answer) answer.abandoned(why);
      else settlement.nothing(dispatched ? Outcome.PARTIAL : Outcome.UNSENT, why);
      owner.refuse(why);
    });
  });
}

/** The operator's disk is the reason, and waiting may help. */
export function journalFull(): GatewayError {
  return new GatewayError(
    Reason.USAGE_JOURNAL_FULL,
    "The usage journal cannot be written, so no new call is accepted. Try again; the operator must free disk space.",
    { retryAfterMs: 1_000 },
  );
}
