import type { Framing } from "./framing.ts";
import { createSseReader, writeSse } from "./sse.ts";
import { createSseScanner } from "./sse-scan.ts";

const writer = { frame: writeSse, comment: (text: string) => `: ${text}\n\n`, end: () => "" };

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const serverSentEvents: Framing = {
  mediaType: "text/event-stream",
  contentType: "text/event-stream; charset=utf-8",
  headers: ["cache-control", "no-cache", "x-accel-buffering", "no"],
  reader: createSseReader,
  scanner: createSseScanner,
  writer: () => writer,
};
