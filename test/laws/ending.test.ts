import { describe, expect, test } from "vitest";
import type { Dialect } from "../../server/src/dialects/dialect.ts";
import { eventsOf, framesOf, maxFrameBytes, streamed, unary } from "./recordings.ts";

/*
 * Law 5, meter: the tally taken beside the bytes is the usage of the decoded stream.
 * Law 6, end: every stream ends in exactly one `finished` or `failed`, and a truncated one in `failed`.
 */

describe.each(streamed)("$dialect.id $name", ({ dialect, stream }) => {
  const frames = framesOf(dialect, [stream]);
  const isTerminal = (name: string | undefined) => name === "finished" || name === "failed";

  test("meter: the tally is the decoded usage", () => {
    const tally = dialect.stream.tally({ hideUsage: true });
    const scanner = dialect.stream.framing.scanner({
      markers: dialect.stream.markers,
      maxFrameBytes,
      onBytes: () => {},
      onMarked: (frame) => tally.read(frame),
    });
    scanner.push(stream);
    const { event } = eventsOf(dialect, frames).at(-1)!;
    expect(tally.ended).toBe(event.case === "finished");
    if (event.case === "finished") {
      expect(tally.usage).toEqual(event.value.usage);
      expect(tally.failure).toBeUndefined();
    } else {
      expect(tally.failure?.message).toBe(event.case === "failed" ? event.value.error?.message : "");
    }
  });

  test("meter: the markers find every frame the tally needs", () => {
    const all = dialect.stream.tally({ hideUsage: true });
    const marked = dialect.stream.tally({ hideUsage: true });
    for (const frame of frames) {
      const shown = all.read(frame);
      const wire = Buffer.from(dialect.stream.framing.writer().frame(frame)).toString("latin1");
      if (dialect.stream.markers.some((marker) => wire.includes(marker))) marked.read(frame);
      else expect(shown).toBe("show");
    }
    expect(marked.usage).toEqual(all.usage);
    expect(marked.ended).toBe(all.ended);
  });

  test("end: whole, it ends once", () => {
    const events = eventsOf(dialect, frames);
    expect(events.filter(({ event }) => isTerminal(event.case))).toHaveLength(1);
    expect(isTerminal(events.at(-1)?.event.case)).toBe(true);
  });

  test("end: cut short after any frame or at any byte, it fails, and only once", () => {
    const whole = eventsOf(dialect, frames).at(-1)!.event.case;
    // On Cohere `[DONE]` comes after the end, or does not come.
    const isOver = dialect.id === "cohere-chat" && frames.at(-1)?.data === "[DONE]";
    const needed = isOver ? frames.length - 1 : frames.length;
    for (let count = 0; count < needed; count += 1) {
      const events = eventsOf(dialect, frames.slice(0, count));
      const endings = events.filter(({ event }) => isTerminal(event.case));
      expect(endings, `after ${count} frames`).toHaveLength(1);
      expect(endings[0], `after ${count} frames`).toBe(events.at(-1));
      // OpenRouter tells its error before the last frames, which then no longer matter.
      if (whole === "finished") expect(endings[0]!.event.case, `after ${count} frames`).toBe("failed");
    }
    for (let at = lengthOf(dialect, stream, needed - 1); at < lengthOf(dialect, stream, needed); at += 1) {
      const cut = framesOf(dialect, [stream.subarray(0, at)]);
      // A CR ends its line without the LF that is cut off.
      if (cut.length >= needed) continue;
      const events = eventsOf(dialect, cut);
      if (whole === "finished") expect(events.at(-1)!.event.case, `cut at byte ${at}`).toBe("failed");
    }
  });
});

test.each(unary)(
  "meter: $dialect.id $name says its usage in the one field that is read of it",
  ({ dialect, unary: wire }) => {
    const { usageField } = dialect;
    // A dialect that says it in several is read whole.
    const read = usageField === undefined ? wire : { [usageField]: wire[usageField] ?? null };
    expect(dialect.usage(read)).toEqual(dialect.usage(wire));
  },
);

/** How many bytes it takes until this many frames are whole. */
function lengthOf(dialect: Dialect, stream: Buffer, frameCount: number): number {
  let [short, enough] = [-1, stream.length];
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (framesOf(dialect, [stream.subarray(0, middle)]).length < frameCount) short = middle;
    else enough = middle;
  }
  return enough;
}
