import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { type GatewayError, Reason } from "../canonical/error.ts";
import { failed } from "../canonical/events.ts";
import type { FrameWriter } from "../framing/framing.ts";
import type { Answer, AnswerOwner } from "./answer.ts";
import type { Call } from "./call.ts";
import {
  arrivingFraming,
  byteRelay,
  eventRelay,
  eventWriter,
  frameRelay,
  type Relay,
  type RelayListener,
} from "./relay.ts";
import { type Piece, StreamReply } from "./reply.ts";
import type { Settlement } from "./settlement.ts";
import type { Target } from "./target.ts";
import { type CallMemory, thoughtWatch } from "./thoughts.ts";
import { asGarbage, truncated } from "./upstream-errors.ts";

/** An upstream that sends only comments is not waited for with more than this in memory. */
const maxUnshownBytes = 64 * 1024;
/** How long the first event may take before the client gets its head anyway. */
const firstEventWaitMs = 10_000;

/**
 * A streamed answer. It is shown with the first event that says something of it; until then a failure can still be answered by another attempt.
 * Afterwards a failure becomes an error in the stream, in the client's dialect, without a terminator: silence is not an
 * ending.
 */
export function streamAnswer(
  call: Call,
  target: Target,
  control: { pause(): void; resume(): void },
  settlement: Settlement,
  owner: AnswerOwner,
  keep: CallMemory["keep"],
): Answer {
  const { provider } = target;
  const door = call.door.dialect;
  const writer = call.door.framing?.writer();
  const reply = new StreamReply(control, writer);
  let bytes = 0;
  let shown = false;
  let over = false;

  const show = () => {
    if (shown) return;
    shown = true;
    clearTimeout(firstEventTimer);
    owner.show(reply);
  };
  const firstEventTimer = setTimeout(show, firstEventWaitMs);
  const finish = () => {
    over = true;
    clearTimeout(firstEventTimer);
    owner.done();
  };
  const passed = () => ({ reported: relay.usage(), frames: relay.frames(), bytes });

  /** Ends the stream with a failure: in `pieces` when the client has seen something, as a refusal when not. */
  const breakOff = (error: GatewayError, pieces: readonly Piece[]) => {
    if (over) return;
    relay.flush();
    settlement.broken(Outcome.UPSTREAM_ERROR, error, passed());
    finish();
    if (!shown) return owner.refuse(error);
    endWith(pieces);
  };
  const endWith = (pieces: readonly Piece[]) => {
    holdUntilRecorded();
    for (const piece of pieces) reply.write(piece);
    reply.end();
  };
  const inBand = (error: GatewayError): readonly Piece[] => {
    try {
      return relay.failing(error);
    } catch {
      // What broke off may have been the client's own encoder.
      return door && writer ? [writer.frame(door.error.frame(error, call.id))] : [failed(error)];
    }
  };

  const holdUntilRecorded = () => {
    const synced = settlement.synced();
    if (synced) reply.hold(synced);
  };

  const listener = {
    piece(piece: Piece) {
      if (over) return;
      // That the provider has begun is on record before the client sees any of it.
      if (!shown) holdUntilRecorded();
      reply.write(piece);
      // A comment or an opening says nothing yet: what follows may be an error with a status of its own, or be tried again.
      if (relay.hasBegun() || bytes > maxUnshownBytes) show();
    },
    over(failure: GatewayError | undefined) {
      if (failure) settlement.broken(Outcome.UPSTREAM_ERROR, failure, passed());
      else settlement.ok(passed());
      holdUntilRecorded();
    },
    failed(error: GatewayError, pieces: readonly Piece[]) {
      owner.cancel();
      breakOff(error, pieces);
    },
  };
  const relay = relayFor(call, target, writer, listener, keep);

  /** Runs a decoder over foreign bytes; whatever it throws is the upstream's fault. */
  const read = (act: () => void) => {
    try {
      act();
    } catch (cause) {
      owner.cancel();
      if (settlement.closed) return complete();
      const error = asGarbage(cause, provider);
      breakOff(error, inBand(error));
    }
  };
  const complete = () => {
    if (over) return;
    finish();
    show();
    reply.end();
  };
  /** The bytes are over. When the answer was complete nothing is missing, whatever became of the connection. */
  const stopped = (failure: GatewayError | undefined) => {
    if (settlement.closed) return complete();
    // A closed connection in the middle of a stream is a truncation, whatever the socket calls it.
    const cut = failure === undefined || failure.reason === Reason.UPSTREAM_UNREACHABLE;
    const error = cut ? truncated(provider.name) : failure;
    breakOff(error, inBand(error));
  };

  return {
    data(chunk) {
      bytes += chunk.length;
      read(() => relay.push(chunk));
    },
    end() {
      read(() => relay.end());
      if (!over) stopped(undefined);
    },
    failed: stopped,
    abandoned(error) {
      if (settlement.closed && !call.gone) return complete();
      settlement.broken(Outcome.PARTIAL, error, passed());
      finish();
      // When it is the gateway that stops, the client is still there and has to be told.
      if (shown && !call.gone) endWith(inBand(error));
    },
  };
}

/** The relay that changes least on the way. */
function relayFor(
  call: Call,
  { provider, speaking: { dialect } }: Target,
  writer: FrameWriter | undefined,
  listener: RelayListener,
  keep: CallMemory["keep"],
): Relay {
  const { dialect: door, framing } = call.door;
  const { showUsage, model, echo } = call.request!.head;
  if (!door || !writer) return eventRelay(dialect, (event) => [event], provider, listener);
  if (door.id === dialect.id) {
    const hideUsage = provider.streamUsage === "ask" && !showUsage;
    const relay = framing === arrivingFraming(dialect) ? byteRelay : frameRelay;
    return relay({ dialect, hideUsage, writer, upstream: provider, requestId: call.id }, listener);
  }
  const createTimeSeconds = Math.floor(call.startTimeMs / 1000);
  const context = { showUsage, echo, model, id: call.id, createTimeSeconds, losses: call.losses };
  const write = eventWriter(door, context, writer);
  if (!keep) return eventRelay(dialect, write, provider, listener);
  const watch = thoughtWatch(dialect.id, keep);
  const watched: typeof write = (event) => {
    watch(event.event);
    return write(event);
  };
  return eventRelay(dialect, watched, provider, listener);
}
