import { describe, expect, test } from "vitest";
import { eventsOf, framesOf, lastFrameOf, maxFrameBytes, streamed } from "./recordings.ts";

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
      const wire = `event: ${frame.event}\ndata: ${frame.data}`;
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
    const needed = frames.at(-1)?.data === "[DONE]" && dialect.id === "cohere-chat" ? frames.length - 1 : frames.length;
    for (let count = 0; count < needed; count += 1) {
      const events = eventsOf(dialect, frames.slice(0, count));
      const endings = events.filter(({ event }) => isTerminal(event.case));
      expect(endings, `after ${count} frames`).toHaveLength(1);
      expect(endings[0], `after ${count} frames`).toBe(events.at(-1));
      // OpenRouter tells its error before the last frames, which then no longer matter.
      if (whole === "finished") expect(endings[0]!.event.case, `after ${count} frames`).toBe("failed");
    }
    const { begin, whole: end } = lastFrameOf(dialect, stream);
    for (let at = begin; at < end; at += 1) {
      const events = eventsOf(dialect, framesOf(dialect, [stream.subarray(0, at)]));
      if (whole === "finished") expect(events.at(-1)!.event.case, `cut at byte ${at}`).toBe("failed");
    }
  });
});
