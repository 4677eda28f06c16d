import { GatewayError, Reason } from "../canonical/error.ts";
import { embedding } from "../dialects/codec.ts";
import type { Address, Dialect, DialectRoute } from "../dialects/dialect.ts";
import { dialectOf } from "../dialects/index.ts";
import { parseObject } from "../dialects/wire.ts";
import type { FrameWriter, Framing } from "../framing/framing.ts";
import { wireRequest } from "../payload/request.ts";
import type { Activity } from "../pipeline/activity.ts";
import { Call, type Door } from "../pipeline/call.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { eventWriter } from "../pipeline/relay.ts";
import type { CountReply, StreamReply, UnaryReply, VectorReply } from "../pipeline/reply.ts";
import type { Log } from "../telemetry/log.ts";
import type { Clock } from "../world.ts";
import { callHeaders, errorHeaders, lossText, targetHeaders, usdText } from "./answer-headers.ts";
import { maxBodyBytes, readBody } from "./body.ts";
import type { HttpRequest, HttpResponse } from "./listener.ts";
import { headersWithQueryKey, queryOf } from "./query-key.ts";
import { writeHead } from "./write-head.ts";

export interface DoorTools {
  readonly pipeline: Pipeline;
  readonly activity: Activity;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly log: Log;
  readonly limits: DoorLimits;
}

/** How long a client of a stream is waited for, and lets itself be waited for. */
export interface DoorLimits {
  /** A client that takes nothing for this long is cut off. */
  readonly stalledClientMs: number;
  /** A client that waits for the next event hears a comment this often, so that no proxy between gives up. */
  readonly keepAliveMs: number;
}

export const defaultDoorLimits: DoorLimits = { stalledClientMs: 60_000, keepAliveMs: 15_000 };

/** Serves a request of a front door. `model` is what the path says, in dialects that name it there. */
export type WireHandler = (request: HttpRequest, response: HttpResponse, model?: string) => void;

/** A front door where clients speak a dialect. */
type WireDoor = Door & { readonly dialect: Dialect; readonly framing: Framing };

/** Serves one route of one dialect. */
export function wireDoor(dialect: Dialect, route: DialectRoute, tools: DoorTools): WireHandler {
  const { pipeline, activity, clock, newRequestId, log, limits } = tools;
  const { stalledClientMs, keepAliveMs } = limits;
  const usual: WireDoor = { dialect, operation: route.operation, framing: dialect.stream.framing };

  return function serve(request, response, model) {
    const door = route.framing ? { ...usual, framing: route.framing(queryOf(request)) } : usual;
    const address = addressOf(route, model);
    const call = new Call({
      id: newRequestId(),
      door,
      headers: model === undefined ? request.headers : headersWithQueryKey(request),
      startTimeMs: clock.nowMs(),
      arrivedAtMs: clock.monotonicMs(),
      read: async () => {
        const raw = await readBody(request);
        try {
          return wireRequest(dialect, route.operation, raw, address);
        } catch (error) {
          const meant = meantBy(raw, route);
          if (!meant) throw error;
          call.door = { ...door, dialect: meant, framing: meant.stream.framing };
          return wireRequest(meant, route.operation, raw);
        }
      },
    });
    activity.began(call);
    const end: { status: number; error: GatewayError | undefined } = { status: 0, error: undefined };
    response.on("close", () => {
      call.leave();
      activity.ended(call, end.status, end.error);
    });

    // Told of what went wrong by `close`; without a listener a broken connection would end the process.
    response.on("error", () => {});

    pipeline(call)
      .then(
        (reply) => {
          end.status = 200;
          if (reply.kind === "stream") sendStream(response, call, reply);
          else if (reply.kind === "count") sendCount(response, call, reply);
          else if (reply.kind === "unary" && call.request!.head.stream) sendUnaryAsStream(response, call, reply);
          else sendWhole(response, call, reply);
        },
        (cause) => {
          const error = asGatewayError(cause, call.id, log);
          end.error = error;
          end.status = error.reason === Reason.CLIENT_GONE ? 499 : refuse(request, response, call, error);
        },
      )
      .catch((cause) => {
        // The answer could not be written. Nothing can be said any more, so the connection ends.
        end.error = asGatewayError(cause, call.id, log);
        response.destroy();
      });
  };

  function sendWhole(response: HttpResponse, call: Call, reply: UnaryReply | VectorReply): void {
    const createTimeSeconds = Math.floor(call.startTimeMs / 1000);
    const { head } = call.request!;
    const unsaid = { id: call.id, model: head.model, createTimeSeconds };
    const { dialect, operation } = doorOf(call);
    const body =
      reply.kind === "vectors"
        ? reply.bytes(embedding(dialect, operation), call.losses, unsaid, head)
        : reply.bytes(dialect, call.losses, unsaid, head);
    const last = call.attempts.at(-1)!;
    writeHead(response, 200, [
      ...["content-type", "application/json", "content-length", String(body.length)],
      ...callHeaders(call, clock.monotonicMs()),
      ...targetHeaders(last.provider, last.model),
      ...["x-pontage-cost-usd", usdText(call.costNanoUsd)],
    ]);
    finish(response, call, body);
  }

  function sendCount(response: HttpResponse, call: Call, reply: CountReply): void {
    const body = Buffer.from(JSON.stringify(doorOf(call).dialect.count.encode(reply.inputTokens)));
    const headers = callHeaders(call, clock.monotonicMs());
    if (reply.estimated) headers.push("x-pontage-token-count", "estimated");
    writeHead(response, 200, ["content-type", "application/json", "content-length", String(body.length), ...headers]);
    finish(response, call, body);
  }

  /** Writes the head of a stream, and returns how many losses it has told of. */
  function streamHead(response: HttpResponse, call: Call): number {
    const { target } = call;
    const { contentType, headers } = doorOf(call).framing;
    writeHead(response, 200, [
      ...["content-type", contentType, ...headers],
      ...callHeaders(call, clock.monotonicMs()),
      ...(target ? targetHeaders(target.provider.name, target.model) : []),
    ]);
    return call.losses.paths.length;
  }

  /** The upstream sent a whole answer to a client that wants a stream. */
  function sendUnaryAsStream(response: HttpResponse, call: Call, reply: UnaryReply): void {
    const { model, showUsage } = call.request!.head;
    const createTimeSeconds = Math.floor(call.startTimeMs / 1000);
    const { dialect, framing } = doorOf(call);
    const writer = framing.writer();
    const context = { showUsage, model, id: call.id, createTimeSeconds, losses: call.losses };
    const pieces = reply.events().flatMap(eventWriter(dialect, context, writer));
    const lossesTold = streamHead(response, call);
    for (const piece of pieces) response.write(piece as Buffer | string);
    finish(response, call, ending(call, writer, lossesTold));
  }

  function sendStream(response: HttpResponse, call: Call, reply: StreamReply): void {
    const writer = reply.writer!;
    const lossesTold = streamHead(response, call);
    let stalled: NodeJS.Timeout | undefined;
    let lastWriteAtMs = clock.monotonicMs();
    const beat = setInterval(() => {
      if (clock.monotonicMs() - lastWriteAtMs >= keepAliveMs) response.write(writer.comment("keep-alive"));
    }, keepAliveMs);
    const stop = () => {
      clearInterval(beat);
      clearTimeout(stalled);
    };
    response.on("drain", () => {
      clearTimeout(stalled);
      reply.resume();
    });
    response.on("close", stop);
    reply.attach({
      write(piece) {
        lastWriteAtMs = clock.monotonicMs();
        const more = response.write(piece as Buffer | string);
        if (!more) {
          clearTimeout(stalled);
          stalled = setTimeout(() => response.destroy(), stalledClientMs);
        }
        return more;
      },
      end() {
        stop();
        finish(response, call, ending(call, writer, lossesTold));
      },
    });
  }

  function refuse(request: HttpRequest, response: HttpResponse, call: Call, error: GatewayError): number {
    const { status, body } = doorOf(call).dialect.error.encode(error, call.id);
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = [
      ...["content-type", "application/json", "content-length", String(bytes.length)],
      ...callHeaders(call, clock.monotonicMs()),
      ...errorHeaders(error, call),
    ];
    const last = call.attempts.at(-1);
    if (last) headers.push(...targetHeaders(last.provider, last.model));
    // A body that nobody will read: a short one is drained, a long one ends the connection.
    const unread = !request.complete && Number(request.headers["content-length"] ?? maxBodyBytes) > 64 * 1024;
    if (unread && request.httpVersionMajor === 1) headers.push("connection", "close");
    writeHead(response, status, headers);
    finish(response, call, bytes);
    return status;
  }
}

/** Every call of this file came in by such a door. */
function doorOf(call: Call): WireDoor {
  return call.door as WireDoor;
}

function finish(response: HttpResponse, call: Call, last: Buffer | string): void {
  call.complete = true;
  response.end(last);
}

/**
 * What is known only at the end, after the last frame, as a comment, which every reader passes over: what the call cost, and
 * what was lost of the answer on the way. Then what ends the framing.
 */
function ending(call: Call, writer: FrameWriter, lossesTold: number): string {
  if (call.attempts.length === 0) return writer.end();
  const lost = call.losses.paths.slice(lossesTold);
  const loss = lost.length === 0 ? "" : ` loss=${lossText(lost, ",")}`;
  const cost = usdText(call.costNanoUsd);
  return writer.comment(`pontage request_id=${call.id} cost_usd=${cost}${loss}`) + writer.end();
}

/** The dialect of a request that is not in the path's own. */
function meantBy(raw: Buffer, { alternative }: DialectRoute): Dialect | undefined {
  const wire = alternative && parseObject(raw.toString("utf8"));
  return wire && alternative.is(wire) ? dialectOf(alternative.dialect) : undefined;
}

function addressOf({ stream }: DialectRoute, model: string | undefined): Address | undefined {
  if (model === undefined && stream === undefined) return undefined;
  return { ...(model !== undefined && { model }), ...(stream !== undefined && { stream }) };
}

/** Anything that is not a `GatewayError` is a fault of ours: it is logged whole and told in general words. */
export function asGatewayError(cause: unknown, requestId: string, log: Log): GatewayError {
  if (cause instanceof GatewayError) return cause;
  log.error({ requestId, err: cause }, "a call failed by a fault of the gateway");
  return new GatewayError(
    Reason.INTERNAL,
    `The gateway failed. Its log has the details under the request id ${requestId}.`,
    { cause },
  );
}
