import { describe, expect, test } from "vitest";
import { eventsOf, framesOf, maxFrameBytes, randomCuts, type Streamed, seededRandom, streamed } from "./recordings.ts";

/*
 * Law 1, identity: within a dialect the client gets the upstream's bytes, less the frames that are hidden.
 * Law 2, cutting: where the network cuts a stream changes nothing.
 */

interface Relayed {
  readonly bytes: string;
  readonly usage: unknown;
  readonly ended: boolean;
  readonly leftOver: boolean;
}

function relay({ dialect }: Streamed, chunks: readonly Buffer[], hideUsage: boolean): Relayed {
  const tally = dialect.stream.tally({ hideUsage });
  const out: Buffer[] = [];
  const scanner = dialect.stream.framing.scanner({
    markers: dialect.stream.markers,
    maxFrameBytes,
    onBytes: (bytes) => out.push(bytes),
    onMarked: (frame) => tally.read(frame),
  });
  for (const chunk of chunks) scanner.push(chunk);
  const { leftOver } = scanner.end();
  return { bytes: textOf(Buffer.concat(out)), usage: tally.usage, ended: tally.ended, leftOver };
}

/** Bytes as a text that can be compared: not all framings are texts. */
function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** What hiding must leave, found the slow way: by looking into every frame. */
function withoutUsageFrames(bytes: Buffer): string {
  const frames = textOf(bytes).split(/(?<=\r?\n\r?\n)/);
  return frames
    .filter((frame) => !/"choices":\s*\[\],?.*"usage":\s*\{|"usage":\s*\{.*"choices":\s*\[\]/s.test(frame))
    .join("");
}

function each(size: number, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

describe.each(streamed)("$dialect.id $name", (recording) => {
  const { dialect, stream } = recording;
  const seed = 7668;
  const random = seededRandom(seed);
  const cuts = [[stream], each(1, stream), each(7, stream), each(1024, stream)];
  for (let round = 0; round < 20; round += 1) cuts.push(randomCuts(stream, random, 200));

  test("identity: the bytes pass as they are", () => {
    for (const chunks of cuts) {
      const { bytes, ended, leftOver } = relay(recording, chunks, false);
      expect(bytes).toBe(textOf(stream));
      expect({ ended, leftOver }).toEqual({ ended: !recording.name.includes("error"), leftOver: false });
    }
  });

  test("identity: a usage frame nobody asked for is kept back, and nothing else", () => {
    const isAsked = dialect.id === "openai-chat" || dialect.id === "openai-completions";
    const expected = isAsked ? withoutUsageFrames(stream) : textOf(stream);
    for (const chunks of cuts) expect(relay(recording, chunks, true).bytes).toBe(expected);
  });

  test(`cutting: the same events and the same tally at every cut (seed ${seed})`, () => {
    const frames = framesOf(dialect, [stream]);
    const events = eventsOf(dialect, frames);
    const whole = relay(recording, [stream], true);
    for (const chunks of cuts) {
      expect(eventsOf(dialect, framesOf(dialect, chunks))).toEqual(events);
      expect(relay(recording, chunks, true)).toEqual(whole);
    }
    // Every place to cut once, in two pieces. Long recordings repeat themselves: every place of their first 8 KB.
    for (let at = 1; at < Math.min(stream.length, 8192); at += 1) {
      const pieces = [stream.subarray(0, at), stream.subarray(at)];
      const bytes = relay(recording, pieces, false).bytes;
      if (bytes !== textOf(stream)) expect(bytes, `cut at ${at}`).toBe(textOf(stream));
      const cut = framesOf(dialect, pieces);
      if (cut.length !== frames.length) expect(cut, `cut at ${at}`).toEqual(frames);
    }
  });
});
