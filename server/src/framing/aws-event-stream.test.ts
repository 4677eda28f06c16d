import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { awsEventStream } from "./aws-event-stream.ts";
import type { Frame } from "./frame.ts";

const limits = { maxFrameBytes: 1 << 20 };

/** Recorded bytes of the service, with what another program read out of them. */
const root = join(import.meta.dirname, "../../../test/fixtures/bedrock/converse-stream");
const recorded = readdirSync(root)
  .filter((file) => file.endsWith(".response.eventstream"))
  .map((file) => ({
    name: file.replace(".response.eventstream", ""),
    bytes: readFileSync(join(root, file)),
    events: JSON.parse(readFileSync(join(root, file.replace(".eventstream", ".events.json")), "utf8")) as {
      readonly headers: Readonly<Record<string, string>>;
      readonly payload: unknown;
    }[],
  }));

function read(chunks: readonly Buffer[]): { readonly frames: readonly Frame[]; readonly leftOver: boolean } {
  const frames: Frame[] = [];
  const reader = awsEventStream.reader((frame) => frames.push(frame), limits);
  for (const chunk of chunks) reader.push(chunk);
  return { ...reader.end(), frames };
}

describe.each(recorded)("$name", ({ bytes, events }) => {
  const whole = read([bytes]);

  test("is read as others read it", () => {
    expect(whole.leftOver).toBe(false);
    const said = whole.frames.map(({ event, data }) => ({ event, payload: JSON.parse(data) as unknown }));
    expect(said).toEqual(events.map(({ headers, payload }) => ({ event: headers[":event-type"], payload })));
  });

  test("is read alike, and passes as it came, wherever it is cut", () => {
    for (let cut = 0; cut <= bytes.length; cut += cut < 300 ? 1 : 37) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(read(chunks)).toEqual(whole);
      const shown: Buffer[] = [];
      const marked: string[] = [];
      const scanner = awsEventStream.scanner({
        ...limits,
        markers: ["messageStop"],
        onBytes: (piece) => shown.push(piece),
        onMarked: (frame) => {
          marked.push(frame.event);
          return "show";
        },
      });
      for (const chunk of chunks) scanner.push(chunk);
      expect(Buffer.concat(shown).equals(bytes)).toBe(true);
      expect(marked).toEqual(["messageStop"]);
      expect(scanner.frameCount).toBe(whole.frames.length);
    }
  });

  test("is refused when any byte of it is another one", () => {
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at] = flipped[at]! ^ 0x10;
      let outcome: ReturnType<typeof read> | undefined;
      try {
        outcome = read([flipped]);
      } catch (error) {
        expect(String(error)).toMatch(/checksum|larger than/);
      }
      // A length that has grown waits for bytes that never come.
      if (outcome) expect(outcome.leftOver).toBe(true);
    }
  });

  test("what is written is read back", () => {
    const writer = awsEventStream.writer();
    expect(read(whole.frames.map((frame) => writer.frame(frame) as Buffer)).frames).toEqual(whole.frames);
  });
});

test("there are recordings", () => expect(recorded.length).toBeGreaterThan(3));

test("an exception is written as one", () => {
  const frame = { event: "throttlingException", data: '{"message":"Too many requests"}' };
  const bytes = awsEventStream.writer().frame(frame) as Buffer;
  expect(bytes.toString("latin1")).toContain(":exception-type");
  expect(read([bytes]).frames).toEqual([frame]);
});
