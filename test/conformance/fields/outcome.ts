import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { GenerateRequestSchema } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError } from "../../../server/src/canonical/error.ts";
import { LossReport } from "../../../server/src/canonical/loss.ts";
import { generation } from "../../../server/src/dialects/codec.ts";
import type { Dialect } from "../../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../../server/src/dialects/index.ts";
import { CanonicalRequest, type Request, wireRequest } from "../../../server/src/payload/request.ts";
import { isSample, type Json, type Sample, type Shape } from "./shape.ts";

/** What became of a field on its way to an upstream. */
export type Outcome =
  /** Its value stands there, at these places. */
  | { readonly is: "carried"; readonly places: readonly string[] }
  /** Something stands there because of it, in other words. */
  | { readonly is: "converted"; readonly places: readonly string[]; readonly losses: readonly string[] }
  | { readonly is: "lost" | "lost with the whole"; readonly losses: readonly string[] }
  | { readonly is: "refused"; readonly param: string; readonly message: string }
  /** The thing it belongs to cannot be said there at all. */
  | { readonly is: "refused with the whole"; readonly param: string }
  /** Nobody says a word. */
  | { readonly is: "silent" };

type Wire = Record<string, Json>;

/** Sends a field of a shape to an upstream of a dialect, and the same request without it. */
export function outcomeOf(shape: Shape, field: string, target: Dialect): Outcome {
  const said = shape.samples[field]!;
  const { sample: value, beside } = isSample(said) ? said : ({ sample: said, beside: {} } satisfies Sample);
  const alone = send(shape, put(shape, beside), target);
  const having = send(shape, put(shape, { ...beside, [field]: value }), target);
  if (having.error) {
    const { param = "", message } = having.error;
    return alone.error?.param === param ? { is: "refused with the whole", param } : { is: "refused", param, message };
  }
  // Some objects say nothing without the field, and are refused as such.
  const without = alone.error ? send(shape, withoutObject(shape), target) : alone;
  const losses = having.losses.filter((path) => !without.losses.includes(path));
  const places = differences(without.wire, having.wire);
  if (places.length === 0) {
    if (losses.length > 0) return { is: "lost", losses };
    const gone = lossesWithTheWhole(shape, having, target);
    return gone.length > 0 ? { is: "lost with the whole", losses: gone } : { is: "silent" };
  }
  const text = JSON.stringify(having.wire);
  const whole = leavesOf(value).every((leaf) => text.includes(leaf));
  return whole && losses.length === 0 ? { is: "carried", places } : { is: "converted", places, losses };
}

/** What is lost of the object that the shape is about, with or without the field. */
function lossesWithTheWhole(shape: Shape, having: Sent, target: Dialect): string[] {
  if (shape.at.length === 0) return [];
  // Some objects are all there is of the entry of a list that they stand in.
  const wholes = [shape.at, shape.at.slice(0, shape.at.findLastIndex((step) => typeof step === "number") + 1)];
  return wholes.flatMap((at) => {
    if (at.length === 0) return [];
    const bare = send(shape, withoutObject({ ...shape, at }), target);
    return having.losses.filter((path) => !bare.losses.includes(path));
  });
}

interface Sent {
  readonly wire: Wire;
  readonly losses: readonly string[];
  readonly error?: GatewayError;
}

function send(shape: Shape, request: Wire, target: Dialect): Sent {
  const report = new LossReport();
  try {
    const bytes = requestOf(shape.dialect, request).bytes({
      ...({ operation: "generate" } as const),
      ...{ dialect: target, model: "m", askUsage: false, outputLimit: 8192, quirks: undefined, losses: report },
    });
    return { wire: JSON.parse(bytes.toString("utf8")) as Wire, losses: report.paths };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { wire: {}, losses: report.paths, error };
  }
}

function requestOf(dialect: Shape["dialect"], request: Wire): Request {
  if (dialect === "pontage") {
    const value = fromJson(GenerateRequestSchema, request as JsonObject);
    const head = { model: "m", stream: false, showUsage: true, maxOutputTokens: value.maxOutputTokens };
    return new CanonicalRequest(generation, value, head, 1);
  }
  const namesInPath = dialect === "gemini" || dialect === "bedrock-converse";
  const address = namesInPath ? { model: "m", stream: false } : {};
  return wireRequest(dialectOf(dialect), "generate", Buffer.from(JSON.stringify(request)), address);
}

/** The request with these fields in the object that the shape is about. */
function put({ request, at }: Shape, fields: Wire): Wire {
  if (at.length > 0 && Object.keys(fields).length === 0) return request;
  const copy = structuredClone(request) as Wire;
  let object = copy;
  for (const step of at) {
    object[step] ??= {};
    object = object[step] as Wire;
  }
  for (const [field, value] of Object.entries(fields)) object[field] = value;
  return copy;
}

/** The request without the object that the shape is about. */
function withoutObject({ request, at }: Shape): Wire {
  const copy = structuredClone(request) as Wire;
  const last = at.at(-1)!;
  const parent = at.slice(0, -1).reduce<Wire | undefined>((object, step) => object?.[step] as Wire | undefined, copy);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (parent) delete parent[last];
  return copy;
}

/** The places that one request has and the other has not, or has otherwise. */
export function differences(before: Json | undefined, after: Json | undefined, path = ""): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const isTree = (value: unknown): value is Wire => typeof value === "object" && value !== null;
  if (!isTree(after)) return [path];
  if (Object.keys(after).length === 0) return [path];
  const others = isTree(before) ? before : {};
  const names = new Set([...Object.keys(after), ...Object.keys(others)]);
  return [...names].flatMap((name) => {
    const inner = Array.isArray(after) ? `${path}[]` : path === "" ? name : `${path}.${name}`;
    return differences(others[name], after[name], inner);
  });
}

/** The values in it that could not be there by chance: words that only say what kind of thing it is are not looked for. */
export function leavesOf(value: Json): string[] {
  if (typeof value === "string") return [JSON.stringify(value).slice(1, -1)];
  if (typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === "type" ? [] : leavesOf(inner as Json)));
}
