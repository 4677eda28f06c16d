import { setTimeout as sleep } from "node:timers/promises";
import { answer, type Behaviour, cut, sendJson } from "./simulator.ts";
import type { Script } from "./speech.ts";

/*
 * What an upstream may do to a gateway, each by itself. A test gives one to `simulator.model(...)`.
 */

const eventStream = { "content-type": "text/event-stream; charset=utf-8" };

/** One behaviour after the other, one a request; the last one stays. */
export function inTurn(...behaviours: readonly (Behaviour | Script)[]): Behaviour {
  let turn = 0;
  return (exchange) => {
    const behaviour = behaviours[Math.min(turn++, behaviours.length - 1)]!;
    return (typeof behaviour === "function" ? behaviour : answer(behaviour))(exchange);
  };
}

/** A recording, byte for byte. */
export function replay(bytes: Buffer, contentType = "text/event-stream; charset=utf-8"): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { "content-type": contentType, "set-cookie": "upstream=1", "x-upstream-own": "yes" });
    response.end(bytes);
  };
}

/** An error answer in the simulator's own dialect. */
export function refuse(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  message = "on purpose",
): Behaviour {
  return ({ response, speech }) => sendJson(response, status, speech.error(status, message), headers);
}

/** How an answer that is cut comes to its end: the body ends as if it were whole, or the connection breaks. */
export type Cut = "ended" | "broken";

/** The first `count` bytes of a stream and then the end. */
export function cutAt(bytes: Buffer, count: number, how: Cut): Behaviour {
  return ({ response }) => {
    response.writeHead(200, eventStream);
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
  return ({ response, streamed }) => {
    response.writeHead(200, streamed ? eventStream : { "content-type": "application/json" });
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
  return ({ response, speech, wire }) => {
    response.writeHead(200, eventStream);
    for (const frame of speech.frames(script, wire).slice(0, frames)) response.write(frame);
  };
}

/** A stream with a pause before every frame, for as long as somebody listens. */
export function slow(script: Script, pauseMs: number): Behaviour {
  return async ({ response, speech, wire }) => {
    response.writeHead(200, eventStream);
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
  return async ({ response }) => {
    response.writeHead(200, eventStream);
    for (let at = 0; at < bytes.length; at += size) {
      response.write(bytes.subarray(at, at + size));
      await sleep(0);
    }
    response.end();
  };
}

/** Text without end, as fast as it is taken and no faster: a well-behaved server that honours back-pressure. */
export function endless(pieceBytes: number): Behaviour {
  return ({ response, speech, wire }) => {
    response.writeHead(200, eventStream);
    const frames = speech.frames({ text: "x" }, wire);
    const at = frames.findIndex((frame) => /"(content|text)":"x"/.test(frame));
    const piece = frames[at]!.replace('"x"', `"${"x".repeat(pieceBytes)}"`);
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
  return ({ response, speech }) => {
    response.writeHead(200, eventStream);
    const event = speech.dialect === "anthropic-messages" ? "event: error\n" : "";
    response.end(`${event}data: ${JSON.stringify(speech.error(status, "on purpose"))}\n\n`);
  };
}

/** A stream that fails in the middle and says so. */
export function errorAfter(script: Script, frames: number, status: number): Behaviour {
  return ({ response, speech, wire }) => {
    response.writeHead(200, eventStream);
    for (const frame of speech.frames(script, wire).slice(0, frames)) response.write(frame);
    const event = speech.dialect === "anthropic-messages" ? "event: error\n" : "";
    response.end(`${event}data: ${JSON.stringify(speech.error(status, "on purpose"))}\n\n`);
  };
}

/** The answer of the other kind than was asked for: a whole one to who wants a stream, and the reverse. */
export function otherKind(script: Script): Behaviour {
  return ({ response, speech, wire, streamed }) => {
    if (streamed) return sendJson(response, 200, speech.whole(script, wire));
    response.writeHead(200, eventStream);
    response.end(speech.frames(script, wire).join(""));
  };
}
