import { crc32 } from "node:zlib";
import { type JsonObject, toBinary } from "@bufbuild/protobuf";
import {
  GenerateEventSchema,
  GenerateReplySchema,
  GenerateRequestSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError } from "../../../server/src/canonical/error.ts";
import { fold } from "../../../server/src/canonical/fold.ts";
import { LossReport } from "../../../server/src/canonical/loss.ts";
import { type Usage, usageBuckets } from "../../../server/src/canonical/usage.ts";
import type { Dialect } from "../../../server/src/dialects/dialect.ts";
import { dialects } from "../../../server/src/dialects/index.ts";
import { awsEventStream } from "../../../server/src/framing/aws-event-stream.ts";
import type { Frame } from "../../../server/src/framing/frame.ts";
import type { Framing } from "../../../server/src/framing/framing.ts";
import { googleEvents } from "../../../server/src/framing/google-events.ts";
import { jsonArray } from "../../../server/src/framing/json-array.ts";
import { jsonLines } from "../../../server/src/framing/json-lines.ts";
import { serverSentEvents } from "../../../server/src/framing/server-sent-events.ts";
import { forms, recordedVectors } from "../embedding-cases.ts";
import { errors, eventsOf, framesOf, requested, streamed, unary } from "../recordings.ts";
import { asObject, cutBy, type Mutation, mutateBytes, mutatedText, mutateFrames, mutateJson } from "./mutate.ts";

/** Something that takes foreign bytes, and recordings of what it should be given. */
export interface Target {
  readonly name: string;
  /** Out of a hundred thousand cases. */
  readonly weight: number;
  readonly recordings: readonly string[];
  /** Throws when the recording, damaged so, does what no bytes may do. */
  run(recording: number, damage: readonly Mutation[]): void;
}

const maxFrameBytes = 1 << 20;

function target<T extends { readonly name: string }>(
  name: string,
  weight: number,
  list: readonly T[],
  act: (recording: T, damage: readonly Mutation[]) => void,
): Target[] {
  if (list.length === 0) return [];
  return [{ name, weight, recordings: list.map((one) => one.name), run: (at, damage) => act(list[at]!, damage) }];
}

/** What an act returns, or undefined when it fails in the one way that is allowed: with the typed error. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    check(error.message !== "", "an error without words");
    check(error.status >= 400 && error.status < 600, `an error with the status ${error.status}`);
    return undefined;
  }
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Counts that fit the ledger, whatever a provider says. */
function checkUsage(usage: Usage | undefined): void {
  if (usage === undefined) return;
  for (const bucket of usageBuckets) {
    const count = usage[bucket];
    check(Number.isInteger(count) && count >= 0 && count <= 0xffffffff, `${bucket} is ${count}`);
  }
}

function damagedJson(wire: JsonObject, damage: readonly Mutation[], fromUpstream: boolean): JsonObject {
  return damage.reduce((value, mutation) => asObject(mutateJson(value, mutation, fromUpstream)), wire);
}

/** Another dialect, the same for the same damage. */
function other(damage: readonly Mutation[]): Dialect {
  return dialects[(damage[0]?.[1] ?? 0) % dialects.length]!;
}

function ofDialect(dialect: Dialect): Target[] {
  const own = <T extends { readonly dialect: Dialect }>(list: readonly T[]) =>
    list.filter((one) => one.dialect === dialect);
  const { id, request, stream } = dialect;
  const streams = own(streamed).map((recording) => ({ ...recording, frames: framesOf(dialect, [recording.stream]) }));
  return [
    ...target(`${id} requests`, 2200, own(requested), ({ request: wire, address }, damage) => {
      const damaged = damagedJson(wire, damage, false);
      attempt(() => request.head(damaged, address));
      attempt(() => request.edits(damaged, { model: "other", askUsage: true }));
      attempt(() => dialect.count.request(damaged, "m"));
      const decoded = attempt(() => request.decode(damaged, address));
      if (decoded === undefined) return;
      // It refuses what is of another type than the canonical model's.
      toBinary(GenerateRequestSchema, decoded);
      const context = { model: "m", stream: true, askUsage: true, outputLimit: 4096, losses: new LossReport() };
      attempt(() => JSON.stringify(other(damage).request.encode(decoded, context)));
    }),
    ...target(`${id} whole answers`, 2000, own(unary), ({ unary: wire }, damage) => {
      const damaged = damagedJson(wire, damage, true);
      checkUsage(attempt(() => dialect.usage(damaged)));
      attempt(() => dialect.count.decode(damaged));
      const reply = attempt(() => dialect.unary.decode(damaged));
      if (reply === undefined) return;
      toBinary(GenerateReplySchema, reply);
      checkUsage(reply.usage);
      attempt(() => JSON.stringify(other(damage).unary.encode(reply, new LossReport())));
    }),
    ...target(`${id} frames`, 2600, streams, ({ frames }, damage) => {
      checkFrames(damage.reduce(mutateFrames, frames));
    }),
    ...target(`${id} bytes of streams`, 2600, streams, (recording, damage) => {
      checkBytes(damage.reduce(mutateBytes, recording.stream), damage[0]?.[2] ?? 0);
    }),
    ...target(`${id} errors`, 1800, own(errors), ({ error, status }, damage) => {
      const [[what, where]] = damage as [Mutation];
      const isText = what % 4 === 0;
      const damageText = (text: string, mutation: Mutation) =>
        isText ? mutateBytes(Buffer.from(text), mutation).toString() : mutatedText(text, mutation);
      const body = damage.reduce(damageText, error!);
      const retryAfter = ["", "3", "-1", "1e99", "soon", "Wed, 21 Oct 2099 07:28:00 GMT", "\u0000"][where % 7]!;
      const decoded = dialect.error.decode(status, { "retry-after": retryAfter, "x-amzn-errortype": body }, body);
      for (const { error: writing } of [dialect, other(damage)]) {
        const { status: told, body: words } = writing.encode(decoded, "req_1");
        check(told >= 400 && told < 600, `it is told with the status ${told}`);
        JSON.stringify(words);
        writing.frame(decoded, "req_1");
      }
    }),
    ...target(
      `${id} embedding requests`,
      500,
      own(recordedVectors).filter(({ dialect }) => forms.some((form) => form.dialect === dialect)),
      ({ codec, request: wire, address }, damage) => {
        const damaged = damagedJson(wire, damage, false);
        attempt(() => codec.request.head(damaged, address));
        attempt(() => codec.request.decode(damaged, address));
      },
    ),
    ...target(`${id} vectors`, 500, own(recordedVectors), ({ codec, reply }, damage) => {
      const damaged = damagedJson(reply!, damage, true);
      checkUsage(attempt(() => codec.usage(damaged)));
      checkUsage(attempt(() => codec.unary.decode(damaged))?.usage);
    }),
  ];

  function checkFrames(frames: readonly Frame[]): void {
    const tally = stream.tally({ hideUsage: true });
    for (const frame of frames) {
      tally.read(frame);
      checkUsage(tally.usage);
    }
    const events = eventsOf(dialect, frames);
    const endings = events.filter(({ event }) => event.case === "finished" || event.case === "failed");
    check(endings.length === 1 && endings[0] === events.at(-1), `${endings.length} endings`);
    for (const event of events) toBinary(GenerateEventSchema, event);
    for (const { event } of events) {
      if (event.case === "finished" || event.case === "opened") checkUsage(event.value.usage);
    }
    attempt(() => fold(events));
  }

  function checkBytes(bytes: Buffer, size: number): void {
    const chunks = cutBy(bytes, size);
    const decoder = stream.decoder();
    attempt(() => {
      const reader = stream.framing.reader((frame) => decoder.push(frame), { maxFrameBytes });
      for (const chunk of chunks) reader.push(chunk);
      reader.end();
    });
    decoder.end();
    const tally = stream.tally({ hideUsage: false });
    const passed = checkScanner(stream.framing, bytes, chunks, stream.markers, (frame) => void tally.read(frame));
    checkUsage(tally.usage);
    check(bytes.subarray(0, passed).length === passed, "more bytes passed than came");
  }
}

/** Bytes pass as they came, up to the first that cannot. Answers with how many passed. */
function checkScanner(
  framing: Framing,
  bytes: Buffer,
  chunks: readonly Buffer[],
  markers: readonly string[],
  onFrame: (frame: Frame) => void,
): number {
  const out: Buffer[] = [];
  const onMarked = (frame: Frame) => {
    onFrame(frame);
    return "show" as const;
  };
  const scanner = framing.scanner({ markers, maxFrameBytes, onBytes: (part) => out.push(part), onMarked });
  const leftOver = attempt(() => {
    for (const chunk of chunks) scanner.push(chunk);
    return scanner.end().leftOver;
  });
  const passed = Buffer.concat(out);
  check(bytes.subarray(0, passed.length).equals(passed), "other bytes passed than came");
  check(passed.length === bytes.length || leftOver !== false, "bytes were lost without a word");
  return passed.length;
}

interface FramingCase {
  readonly name: string;
  readonly bytes: Buffer;
}

const sample: readonly Frame[] = [
  { event: "", data: '{"a":1}' },
  { event: "message_stop", data: '{"text":"Grüße\\n\\"[1,2]{}\\u2028"}' },
  { event: "", data: '{"error":{"message":"no"}}' },
  { event: "error", data: "{}" },
];

/** Every framing's own bytes, also those that no dialect's recordings come in. */
function ofFraming(name: string, framing: Framing): Target[] {
  const writer = framing.writer();
  const written = [...sample.map((frame) => writer.frame(frame)), writer.end()].map((piece) => Buffer.from(piece));
  const list: FramingCase[] = [
    { name: "sample", bytes: Buffer.concat(written) },
    { name: "sample, twice", bytes: Buffer.concat([...written, ...written]) },
  ];
  return target(`${name} framing`, 3000, list, ({ bytes }, damage) => {
    let damaged = damage.reduce(mutateBytes, bytes);
    // Bytes that do not fit their checksum are refused at once; what comes behind that has to be tried as well.
    if (framing === awsEventStream && (damage[0]?.[0] ?? 0) % 3 > 0) damaged = withChecksums(damaged);
    const read = (chunks: readonly Buffer[]) => {
      const frames: Frame[] = [];
      const left = attempt(() => {
        const reader = framing.reader((frame) => frames.push(frame), { maxFrameBytes });
        for (const chunk of chunks) reader.push(chunk);
        return reader.end().leftOver;
      });
      return JSON.stringify({ frames, left });
    };
    const chunks = cutBy(damaged, (damage[0]?.[2] ?? 0) % 64);
    check(read([damaged]) === read(chunks), "where the bytes are cut changes the frames");
    checkScanner(framing, damaged, chunks, ["error", '"a"'], () => {});
  });
}

/** The bytes as one AWS message, whose lengths are kept where they can be true and whose checksums are right. */
function withChecksums(bytes: Buffer): Buffer {
  if (bytes.length < 16) return bytes;
  const message = Buffer.from(bytes);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  return message;
}

export const targets: readonly Target[] = [
  ...dialects.flatMap(ofDialect),
  ...ofFraming("server-sent events", serverSentEvents),
  ...ofFraming("Google's events", googleEvents),
  ...ofFraming("JSON array", jsonArray),
  ...ofFraming("JSON lines", jsonLines),
  ...ofFraming("AWS event stream", awsEventStream),
];
