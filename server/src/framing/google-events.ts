import type { Framing } from "./framing.ts";
import { serverSentEvents } from "./server-sent-events.ts";
import { createSseReader, writeSse } from "./sse.ts";
import { createSseScanner } from "./sse-scan.ts";

/**
 * Server-sent events as Google sends them with `alt=sse`: a failure in the middle of an answer is a JSON object without
 * `data:`. Google's own library notices a failure only so, and passes over one that is an event like the others. So a
 * stream that ends in an error says it twice: as an event, for those that read events, and bare, as the last bytes. A
 * blank line after them would make the library pass over them too.
 *
 * Comments break the library's versions before 2, which Gemini CLI still has: whatever does not begin with `data:` they keep
 * to the end, and then they throw. A blank line keeps a connection alive as well, and every reader passes over it.
 */
export const googleEvents: Framing = {
  ...serverSentEvents,
  reader: (onFrame, options) => createSseReader(onFrame, { ...options, takesBareJson: true }),
  scanner: (options) => createSseScanner({ ...options, takesBareJson: true }),
  writer() {
    let error = "";
    return {
      comment: () => "\n",
      frame(frame) {
        error = frame.data.startsWith('{"error":') ? frame.data : "";
        return writeSse(frame);
      },
      end: () => error,
    };
  },
};
