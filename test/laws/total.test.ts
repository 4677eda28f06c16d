import type { JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { fold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import {
  errors,
  eventsOf,
  framesOf,
  othersOf,
  randomCuts,
  requested,
  seededRandom,
  streamed,
  unary,
} from "./recordings.ts";
import { asObject, attempt, rounds, seed, spoil } from "./spoil.ts";

/*
 * Law 8, total: no bytes make a dialect throw anything but its typed error, or break its contract. Recordings are spoilt
 * at random; `PONTAGE_SEED` repeats a run and `PONTAGE_NIGHTLY` makes it longer.
 */

const maxFrameBytes = 1 << 20;

const context = () => ({ showUsage: true, model: "m", id: "id", createTimeSeconds: 1, losses: new LossReport() });

describe(`spoilt recordings (PONTAGE_SEED=${seed})`, () => {
  test.each(requested)("request $dialect.id $name", ({ dialect, request, address, name }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const wire = asObject(spoil(request, random));
      attempt(`${name} head`, () => dialect.request.head(wire, address));
      attempt(`${name} edits`, () => dialect.request.edits(wire, { model: "other", askUsage: true }));
      const decoded = attempt(`${name} decode`, () => dialect.request.decode(wire, address));
      if (decoded === undefined) continue;
      for (const target of [dialect, ...othersOf(dialect)]) {
        const options = { model: "m", stream: true, askUsage: true, outputLimit: 4096, losses: new LossReport() };
        attempt(`${name} as ${target.id}`, () => JSON.stringify(target.request.encode(decoded, options)));
      }
    }
    expect({}).not.toHaveProperty("polluted");
  });

  test.each(unary)("whole $dialect.id $name", ({ dialect, unary: wire, name }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const spoilt = asObject(spoil(wire, random));
      attempt(`${name} usage`, () => dialect.usage(spoilt));
      const reply = attempt(`${name} decode`, () => dialect.unary.decode(spoilt));
      if (reply === undefined) continue;
      for (const target of [dialect, ...othersOf(dialect)]) {
        attempt(`${name} as ${target.id}`, () => JSON.stringify(target.unary.encode(reply, new LossReport())));
      }
    }
  });

  test.each(streamed)("stream $dialect.id $name", ({ dialect, stream, name }) => {
    const random = seededRandom(seed);
    const frames = framesOf(dialect, [stream]);
    for (let round = 0; round < rounds; round += 1) {
      const at = Math.floor(random() * frames.length);
      const spoilt = frames.map((frame, index) =>
        index === at && frame.data !== "[DONE]"
          ? { ...frame, data: JSON.stringify(spoil(JSON.parse(frame.data) as JsonValue, random)) }
          : frame,
      );
      if (random() < 0.3) spoilt.splice(Math.floor(random() * spoilt.length), 1 + Math.floor(random() * 3));
      if (random() < 0.3) spoilt.splice(at, 0, frames[Math.floor(random() * frames.length)]!);
      const tally = dialect.stream.tally({ hideUsage: true });
      for (const frame of spoilt) tally.read(frame);
      const events = eventsOf(dialect, spoilt);
      const endings = events.filter(({ event }) => event.case === "finished" || event.case === "failed");
      expect(endings, `${name} round ${round}, PONTAGE_SEED=${seed}`).toHaveLength(1);
      expect(endings[0]).toBe(events.at(-1));
      if (events.length > 1) expect(events[0]!.event.case).toBe("opened");
      expect(tally.ended, `${name} round ${round}, PONTAGE_SEED=${seed}`).toBe(
        ended(events.at(-1)?.event.case, tally.ended),
      );
      attempt(`${name} fold`, () => fold(events));
      for (const target of [dialect, ...othersOf(dialect)]) {
        const encoder = target.stream.encoder(context());
        const written = events.flatMap((event) => encoder.push(event));
        for (const { data } of written) if (data !== "[DONE]") JSON.parse(data);
        // Whoever reads it sees the same kind of ending.
        const read = eventsOf(target, written).at(-1)!.event.case;
        expect(read, `${name} as ${target.id} round ${round}, PONTAGE_SEED=${seed}`).toBe(endings[0]!.event.case);
      }
    }
  });

  test.each(streamed)("bytes $dialect.id $name", ({ dialect, stream, name }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const bytes = Buffer.from(stream);
      for (let flips = 0; flips < 5; flips += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const chunks = randomCuts(bytes, random, 500);
      const decoder = dialect.stream.decoder();
      attempt(`${name} read`, () => {
        const reader = dialect.stream.framing.reader((frame) => decoder.push(frame), { maxFrameBytes });
        for (const chunk of chunks) reader.push(chunk);
        reader.end();
      });
      decoder.end();
      const out: Buffer[] = [];
      const scanner = dialect.stream.framing.scanner({
        markers: dialect.stream.markers,
        maxFrameBytes,
        onBytes: (part) => out.push(part),
        onMarked: () => "show",
      });
      // Some framings prove their bytes, and refuse the first frame that is not what was sent.
      const leftOver = attempt(`${name} scan`, () => {
        for (const chunk of chunks) scanner.push(chunk);
        return scanner.end().leftOver;
      });
      const passed = Buffer.concat(out);
      expect(bytes.subarray(0, passed.length).equals(passed)).toBe(true);
      expect(passed.length === bytes.length || leftOver !== false).toBe(true);
    }
  });

  test.each(errors)("error $dialect.id $name", ({ dialect, error, status }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const body =
        random() < 0.2
          ? error!.slice(0, Math.floor(random() * error!.length))
          : JSON.stringify(spoil(JSON.parse(error!) as JsonValue, random));
      const decoded = dialect.error.decode(status, { "retry-after": body.slice(0, 5) }, body);
      for (const target of [dialect, ...othersOf(dialect)]) {
        expect(target.error.encode(decoded, "req_1").status).toBeGreaterThanOrEqual(400);
        JSON.parse(target.error.frame(decoded, "req_1").data);
      }
    }
  });
});

/** A spoilt error frame may end a stream for the decoder and not for the tally, but never the other way round. */
function ended(last: string | undefined, tallied: boolean): boolean {
  return last === "finished" ? true : last === "failed" && tallied;
}
