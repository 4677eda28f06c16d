import { setTimeout as sleep } from "node:timers/promises";
import { answer, type Behaviour, cut, type Exchange, sendError, sendJson } from "./simulator.ts";
import { bytesOf, type Script, type ScriptedUsage } from "./speech.ts";

/*
 * What an upstream may do to a gateway, each by itself. A test gives one to `simulator.model(...)`.
 */

function beginStream({ response, speech }: Exchange): void {
  response.writeHead(200, { "content-type": speech.streamType });
}

/** One behaviour after the other, one a request; the last one stays. */
export function inTurn(...behaviours: readonly (Behaviour | Script)[]): Behaviour {
  let turn = 0;
  return (exchange) => {
    const behaviour = behaviours[Math.min(turn++, behaviours.length - 1)]!;
    return (typeof behaviour === "function" ? behaviour : answer(behaviour))(exchange);
  };
}

/** A recorded stream, byte for byte; a whole answer with the content type it had. */
export function replay(bytes: Buffer, contentType?: string): Behaviour {
  return ({ response, speech }) => {
    const type = contentType ?? speech.streamType;
    response.writeHead(200, { "content-type": type, "set-cookie": "upstream=1", "x-upstream-own": "yes" });
    response.end(bytes);
  };
}

/** An error answer in the simulator's own dialect. */
export function refuse(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  message = "on purpose",
): Behaviour {
  return ({ response, speech }) => sendError(response, speech, status, message, headers);
}

/** How an answer that is cut comes to its end: the body ends as if it were whole, or the connection breaks. */
export type Cut = "ended" | "broken";

/** The first `count` bytes of a stream and then the end. */
export function cutAt(bytes: Buffer, count: number, how: Cut): Behaviour {
  return (exchange) => {
    const { response } = exchange;
    beginStream(exchange);
    const shown = bytes.subarray(0, count);
    if (how === "ended") response.end(shown);
    else if (count === 0) response.write("", () => cut(response));
    else response.write(shown, () => cut(response));
    response.flushHeaders();
  };
}

/** The first part of a whole answer, and then the connection breaks. */
export function cutWhole(script: Script, count: number): Behaviour {
  return ({ response, speech, wire }) => {
    const body = Buffer.from(JSON.stringify(speech.whole(script, wire)));
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.flushHeaders();
    if (count === 0) setImmediate(() => cut(response));
    else response.write(body.subarray(0, count), () => cut(response));
  };
}

/** Status 200 and something else than an answer. */
export function say(body: string | Buffer, contentType: string): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { "content-type": contentType });
    response.end(body);
  };
}

export function redirect(location: string): Behaviour {
  return ({ response }) => {
    response.writeHead(307, { location });
    response.end();
  };
}

/** The connection breaks before a byte of the answer. */
export function reset(): Behaviour {
  return ({ response }) => {
    response.socket?.resetAndDestroy();
    cut(response);
  };
}

/** Takes the request and says nothing, for ever. */
export function silent(): Behaviour {
  return () => {};
}

/** The head of a stream and then nothing. */
export function headOnly(): Behaviour {
  return ({ response, streamed, speech }) => {
    response.writeHead(200, { "content-type": streamed ? speech.streamType : "application/json" });
    response.flushHeaders();
  };
}

/** Half of a whole answer and then nothing. */
export function stuckWhole(script: Script): Behaviour {
  return ({ response, speech, wire }) => {
    const body = Buffer.from(JSON.stringify(speech.whole(script, wire)));
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.write(body.subarray(0, body.length >> 1));
  };
}

/** The first `frames` of a stream, and then nothing. */
export function stuckAfter(script: Script, frames: number): Behaviour {
  return (exchange) => {
    const { response, speech, wire } = exchange;
    beginStream(exchange);
    for (const frame of speech.frames(script, wire).slice(0, frames)) response.write(frame);
  };
}

/** The first `frames` of a stream, nothing for a while, and then the rest for whoever is still there. */
export function silentAfter(script: Script, frames: number, silenceMs: number): Behaviour {
  return async (exchange) => {
    const { response, speech, wire } = exchange;
    beginStream(exchange);
    const all = speech.frames(script, wire);
    for (const frame of all.slice(0, frames)) response.write(frame);
    await sleep(silenceMs);
    if (!response.destroyed) response.end(bytesOf(all.slice(frames)));
  };
}

/** A stream whose bytes end after some frames as if it were whole. */
export function endedAfter(script: Script, frames: number): Behaviour {
  return (exchange) => {
    beginStream(exchange);
    exchange.response.end(bytesOf(exchange.speech.frames(script, exchange.wire).slice(0, frames)));
  };
}

/** What a server may say of its tokens that cannot be. */
export const lies: Readonly<Record<string, ScriptedUsage>> = {
  "less than nothing": { input: -7, output: -9 },
  "halves of tokens": { input: 1.5, output: 2.25 },
  "more than there are": { input: 1e30, output: 1e30 },
  "words for numbers": { input: "many" as unknown as number, output: "few" as unknown as number },
};

/** A good answer with a lie about what it took. */
export function lying(script: Script, lie: keyof typeof lies): Behaviour {
  return answer({ ...script, usage: lies[lie]! });
}

/** A stream with a pause before every frame, for as long as somebody listens. */
export function slow(script: Script, pauseMs: number): Behaviour {
  return async (exchange) => {
    const { response, speech, wire } = exchange;
    beginStream(exchange);
    for (const frame of speech.frames(script, wire)) {
      await sleep(pauseMs);
      if (response.destroyed) return;
      response.write(frame);
    }
    response.end();
  };
}

/** A stream in chunks of `size` bytes, each a write of its own. */
export function inChunks(bytes: Buffer, size: number): Behaviour {
  return async (exchange) => {
    const { response } = exchange;
    beginStream(exchange);
    for (let at = 0; at < bytes.length; at += size) {
      response.write(bytes.subarray(at, at + size));
      await sleep(0);
    }
    response.end();
  };
}

/** Text without end, as fast as it is taken and no faster: a well-behaved server that honours back-pressure. */
export function endless(pieceBytes: number): Behaviour {
  return (exchange) => {
    const { response, speech, wire } = exchange;
    beginStream(exchange);
    const frames = speech.frames({ text: ["x".repeat(pieceBytes)] }, wire);
    // The first that is long is the one with the text; later ones may repeat all of it.
    const at = frames.findIndex(({ length }) => length > pieceBytes);
    const piece = frames[at]!;
    for (const frame of frames.slice(0, at)) response.write(frame);
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  };
}

/** An error as the first thing in the stream, under status 200. */
export function errorFirst(status: number): Behaviour {
  return errorAfter({}, 0, status);
}

/** A stream that fails in the middle and says so. */
export function errorAfter(script: Script, frames: number, status: number): Behaviour {
  return (exchange) => {
    const { response, speech, wire } = exchange;
    beginStream(exchange);
    for (const frame of speech.frames(script, wire).slice(0, frames)) response.write(frame);
    response.end(speech.errorFrame(speech.error(status, "on purpose"), status));
  };
}

/** The answer of the other kind than was asked for: a whole one to who wants a stream, and the reverse. */
export function otherKind(script: Script): Behaviour {
  return (exchange) => {
    const { response, speech, wire, streamed } = exchange;
    if (streamed) return sendJson(response, 200, speech.whole(script, wire));
    beginStream(exchange);
    response.end(bytesOf(speech.frames(script, wire)));
  };
}
