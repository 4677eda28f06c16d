import { create, type JsonObject, toJson } from "@bufbuild/protobuf";
import { type GenerateReply, GenerateReplySchema } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError } from "../../../server/src/canonical/error.ts";
import { fold } from "../../../server/src/canonical/fold.ts";
import { LossReport } from "../../../server/src/canonical/loss.ts";
import type { Dialect } from "../../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../../server/src/dialects/index.ts";
import type { Frame } from "../../../server/src/framing/frame.ts";
import { differences, leavesOf } from "../fields/outcome.ts";
import { isSample, type Json, type Sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

/** What became of a field on its way to a client. */
export type Outcome =
  | { readonly is: "carried"; readonly places: readonly string[] }
  | { readonly is: "converted"; readonly places: readonly string[]; readonly losses: readonly string[] }
  | { readonly is: "lost" | "lost with the whole"; readonly losses: readonly string[] }
  | { readonly is: "failed"; readonly message: string }
  | { readonly is: "silent" };

/** Answers a client of a dialect, or of our own RPC, with a field and without it. */
export function outcomeOf(shape: AnswerShape, field: string, client: Dialect | undefined): Outcome {
  const said = shape.samples[field]!;
  const { sample: value, beside } = isSample(said) ? said : ({ sample: said, beside: {} } satisfies Sample);
  const having = hear(shape, { ...beside, [field]: value }, client);
  const without = hear(shape, { ...beside, [field]: undefined }, client);
  if (having.error) return { is: "failed", message: having.error.message };
  const losses = having.losses.filter((path) => !without.losses.includes(path));
  const places = differences(without.wire, having.wire);
  if (places.length === 0) {
    if (losses.length > 0) return { is: "lost", losses };
    // The object it stands in is lost, or it is lost with any value.
    const gone = having.losses.filter((path) => names([path], shape, field));
    return gone.length > 0 ? { is: "lost with the whole", losses: gone } : { is: "silent" };
  }
  const text = JSON.stringify(having.wire);
  const whole = leavesOf(value).every((leaf) => text.includes(leaf));
  return whole && losses.length === 0 ? { is: "carried", places } : { is: "converted", places, losses };
}

/** Names are compared without what differs between the ways to write them. */
const plain = (name: string) => name.replace(/[_-]/g, "").toLowerCase();

/** Whether a report names the field, or the object it is in. */
export function names(losses: readonly string[], { at, named = [] }: AnswerShape, field: string): boolean {
  const steps = at.filter((step) => typeof step === "string");
  const known = [field, ...(reportedAs[field] ?? []), ...named, ...steps].map(plain);
  return losses.some((path) => path.split(/[.[\]]+/).some((step) => known.includes(plain(step))));
}

/** Fields that are reported under another one's name, of which they are a spelling or a part. */
const reportedAs: Readonly<Record<string, readonly string[]>> = {
  incomplete_details: ["finish_reason"],
  refusal: ["finish_reason"],
  cachedContentTokenCount: ["usage"],
  thoughtsTokenCount: ["usage"],
};

interface Heard {
  readonly wire: JsonObject;
  readonly losses: readonly string[];
  readonly error?: GatewayError;
}

function hear(
  shape: AnswerShape,
  fields: Readonly<Record<string, Json | undefined>>,
  client: Dialect | undefined,
): Heard {
  const losses = new LossReport();
  const answer = put(shape, fields);
  const source = dialectOf(shape.dialect);
  try {
    const wire = Array.isArray(answer)
      ? streamed(source, answer, client, losses)
      : whole(source.unary.decode(answer as JsonObject), client, losses);
    return { wire, losses: losses.paths };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { wire: {}, losses: losses.paths, error };
  }
}

const unsaid = { id: "id_1", model: "m", createTimeSeconds: 1 };

function whole(reply: GenerateReply, client: Dialect | undefined, losses: LossReport): JsonObject {
  const { id, model, createTimeSeconds } = unsaid;
  if (!client) return toJson(GenerateReplySchema, create(GenerateReplySchema, reply)) as JsonObject;
  return client.unary.encode(
    {
      ...reply,
      ...{ id: reply.id || id, model: reply.model || model },
      createTimeSeconds: reply.createTimeSeconds || BigInt(createTimeSeconds),
    },
    losses,
  );
}

/** What a client has read when its stream is over. */
function streamed(
  source: Dialect,
  answer: readonly Wire[],
  client: Dialect | undefined,
  losses: LossReport,
): JsonObject {
  const decoder = source.stream.decoder();
  const events = [...framesOf(source, answer).flatMap((frame) => decoder.push(frame)), ...decoder.end()];
  if (!client) return whole(fold(events), undefined, losses);
  const encoder = client.stream.encoder({ ...unsaid, showUsage: true, losses });
  const reader = client.stream.decoder();
  const read = events.flatMap((event) => encoder.push(event)).flatMap((frame) => reader.push(frame));
  return whole(fold([...read, ...reader.end()]), client, new LossReport());
}

function framesOf({ id }: Dialect, answer: readonly Wire[]): Frame[] {
  const frames = answer.map((wire): Frame => {
    const [event = ""] = Object.keys(wire);
    if (id === "bedrock-converse") return { event, data: JSON.stringify(wire[event]) };
    return { event: typeof wire.type === "string" ? wire.type : "", data: JSON.stringify(wire) };
  });
  const isDone = id === "openai-chat" || id === "openai-completions";
  return isDone ? [...frames, { event: "", data: "[DONE]" }] : frames;
}

/** The answer with these fields in the object that the shape is about; `undefined` leaves the field as it is. */
function put({ answer, at }: AnswerShape, fields: Readonly<Record<string, Json | undefined>>): AnswerShape["answer"] {
  const copy = structuredClone(answer) as Record<string, Json>;
  let object = copy;
  for (const step of at) {
    object[step] ??= {};
    object = object[step] as Record<string, Json>;
  }
  for (const [field, value] of Object.entries(fields)) if (value !== undefined) object[field] = value;
  return copy as AnswerShape["answer"];
}
