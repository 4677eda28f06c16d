import { GatewayError, Reason } from "../canonical/error.ts";
import { embedding } from "../dialects/codec.ts";
import type { Address, Dialect, DialectRoute } from "../dialects/dialect.ts";
import { dialectOf } from "../dialects/index.ts";
import { parseObject } from "../dialects/wire.ts";
import type { Framing } from "../framing/framing.ts";
import { type Request, wireRequest } from "../payload/request.ts";
import type { Activity } from "../pipeline/activity.ts";
import { Call, type Door } from "../pipeline/call.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { CountReply, UnaryReply, VectorReply } from "../pipeline/reply.ts";
import type { Log } from "../telemetry/log.ts";
import type { Clock } from "../world.ts";
import { callHeaders, errorHeaders, targetHeaders, usdText } from "./answer-headers.ts";
import { maxBodyBytes, readBody } from "./body.ts";
import type { HttpRequest, HttpResponse } from "./listener.ts";
import { headersWithQueryKey, queryOf } from "./query-key.ts";
import { StreamAnswer, type StreamLimits } from "./stream-answer.ts";
import { writeHead } from "./write-head.ts";

export interface DoorTools {
  readonly pipeline: Pipeline;
  readonly activity: Activity;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly log: Log;
  readonly limits: StreamLimits;
}

export const defaultDoorLimits: StreamLimits = { stalledClientMs: 60_000, keepAliveMs: 10_000 };

/** Serves a request of a front door. `model` is what the path says, in dialects that name it there. */
export type WireHandler = (request: HttpRequest, response: HttpResponse, model?: string) => void;

/** A front door where clients speak a dialect. */
type WireDoor = Door & { readonly dialect: Dialect; readonly framing: Framing };

/** Serves one route of one dialect. */
export function wireDoor(dialect: Dialect, route: DialectRoute, tools: DoorTools): WireHandler {
  const { pipeline, activity, clock, newRequestId, log, limits } = tools;
  const usual: WireDoor = { dialect, operation: route.operation, framing: dialect.stream.framing };

  return function serve(request, response, model) {
    const door = route.framing ? { ...usual, framing: route.framing(queryOf(request)) } : usual;
    const address = addressOf(route, model);
    let stream: StreamAnswer | undefined;
    const call = new Call({
      id: newRequestId(),
      door,
      headers: model === undefined ? request.headers : headersWithQueryKey(request),
      startTimeMs: clock.nowMs(),
      arrivedAtMs: clock.monotonicMs(),
      read: async () => {
        const read = readAs(call, await readBody(request), address);
        if (read.head.stream && route.operation === "generate")
          stream = new StreamAnswer({ response, call, ...doorOf(call), limits, clock });
        return read;
      },
    });
    activity.began(call);
    const end: { status: number; error: GatewayError | undefined } = { status: 0, error: undefined };
    response.on("close", () => {
      stream?.stop();
      call.leave();
      activity.ended(call, end.status, end.error);
    });

    // Told of what went wrong by `close`; without a listener a broken connection would end the process.
    response.on("error", () => {});

    pipeline(call)
      .then(
        (reply) => {
          end.status = 200;
          if (reply.kind === "stream") stream!.send(reply);
          else if (reply.kind === "count") sendCount(response, call, reply);
          else if (stream && reply.kind === "unary") stream.sendWhole(reply);
          else sendWhole(response, call, reply);
        },
        (cause) => {
          const error = asGatewayError(cause, call.id, log);
          end.error = error;
          stream?.stop();
          if (error.reason === Reason.CLIENT_GONE) end.status = 499;
          else if (!stream || !call.headIsOut) end.status = refuse(request, response, call, error);
          else {
            end.status = 200;
            stream.fail(error);
          }
        },
      )
      .catch((cause) => {
        // The answer could not be written. Nothing can be said any more, so the connection ends.
        end.error = asGatewayError(cause, call.id, log);
        response.destroy();
      });
  };

  function readAs(call: Call, raw: Buffer, address: Address | undefined): Request {
    try {
      return wireRequest(dialect, route.operation, raw, address);
    } catch (error) {
      const meant = meantBy(raw, route);
      if (!meant) throw error;
      call.door = { ...usual, dialect: meant, framing: meant.stream.framing };
      return wireRequest(meant, route.operation, raw);
    }
  }

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

  function refuse(request: HttpRequest, response: HttpResponse, call: Call, error: GatewayError): number {
    const { status, body, headers: own } = doorOf(call).dialect.error.encode(error, call.id);
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = [
      ...["content-type", "application/json", "content-length", String(bytes.length)],
      ...callHeaders(call, clock.monotonicMs()),
      ...errorHeaders(error, call),
      ...Object.entries(own ?? {}).flat(),
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
