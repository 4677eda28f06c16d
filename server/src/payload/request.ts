import { isUtf8 } from "node:buffer";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { EmbeddingRequest } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import { loseSources } from "../dialects/citations.ts";
import { embedding, type Family, generation, isEmbedding } from "../dialects/codec.ts";
import type { Address, Dialect, Edits, Operation, Quirks, RequestChange, RequestHead } from "../dialects/dialect.ts";
import { type CallThoughts, withoutThoughts, withThoughts } from "../dialects/thoughts.ts";
import { defaultGateLimits, embeddingGateLimits, type Gated, gateJson } from "./json-gate.ts";

/** What an attempt changes in a request, and what it must know to write it. */
export interface RequestTarget {
  readonly dialect: Dialect;
  /** The operation as the target has it. */
  readonly operation: Operation;
  /** The model as the provider names it. */
  readonly model: string;
  /** The provider reports usage in a stream only when asked. */
  readonly askUsage: boolean;
  /** The provider reports it unasked, and may refuse to be asked. */
  readonly usageUnasked?: boolean | undefined;
  readonly outputLimit: number;
  readonly quirks: Quirks | undefined;
  readonly losses: Losses;
  /** The headers the request came with: some hosts want to see one of them in the body. */
  readonly headers?: RequestChange["headers"];
  /** What is known of the thoughts that led to a call, by its id. Of use where the client speaks another dialect. */
  readonly known?: ((callId: string) => CallThoughts | undefined) | undefined;
  /** The upstream has refused the thoughts of earlier turns. */
  readonly withoutThoughts?: boolean;
}

/**
 * A request that knows which form it is in: the bytes a client sent in its dialect, or the canonical model. It changes
 * form only when somebody asks, so that a request to an upstream of the client's own dialect leaves as it came.
 */
export interface Request {
  readonly head: RequestHead;
  /** How many bytes the client's words took; the base of estimates. */
  readonly size: number;
  /** The request in the canonical model; undefined where nothing is to be generated. */
  value(): GenerateRequest | undefined;
  /** The request as the target's dialect writes it. The original is not changed. */
  bytes(target: RequestTarget): Buffer;
}

/** A request as a client wrote it. `address` is what the path said. */
export function wireRequest(dialect: Dialect, operation: Operation, raw: Buffer, address?: Address): Request {
  return isEmbedding(operation)
    ? new WireRequest(embedding, dialect, operation, raw, address)
    : new WireRequest(generation, dialect, operation, raw, address);
}

type Canonical = GenerateRequest | EmbeddingRequest;

class WireRequest<Said extends Canonical> implements Request {
  readonly head: RequestHead;
  readonly #family: Family<Said, unknown>;
  readonly #dialect: Dialect;
  readonly #operation: Operation;
  readonly #address: Address;
  readonly #raw: Buffer;
  /** Every character is one byte, so that places in the text are places in the bytes. */
  readonly #isAscii: boolean;
  readonly #gated: Gated;
  readonly #wire: JsonObject;
  #value: Said | undefined;

  constructor(
    family: Family<Said, unknown>,
    dialect: Dialect,
    operation: Operation,
    raw: Buffer,
    address: Address = {},
  ) {
    if (!isUtf8(raw)) throw new GatewayError(Reason.MALFORMED_JSON, "The body is not valid UTF-8.");
    this.#family = family;
    this.#dialect = dialect;
    this.#operation = operation;
    this.#address = address;
    this.#raw = raw;
    // The text is not kept: a call lives long enough for the garbage collector to carry it along.
    const text = raw.toString("utf8");
    this.#isAscii = text.length === raw.length;
    this.#gated = gateJson(text, isEmbedding(operation) ? embeddingGateLimits : defaultGateLimits);
    this.#wire = parseObject(text);
    this.head = family(dialect, operation).request.head(this.#wire, address);
  }

  get size(): number {
    return this.#raw.length;
  }

  value(): GenerateRequest | undefined {
    return generationIn(this.#understood());
  }

  bytes(target: RequestTarget): Buffer {
    const { dialect, operation, model, askUsage, usageUnasked, headers } = target;
    const isSame = dialect.id === this.#dialect.id && operation === this.#operation;
    if (!isSame || target.withoutThoughts || dialect.thoughts?.areSealedIn?.(this.#wire)) {
      return encode(this.#family, this.#understood(), target, this.head.stream);
    }
    const change = { model, askUsage, usageUnasked, headers, counting: operation === "count-tokens" };
    const edits = this.#family(dialect, operation).request.edits(this.#wire, change);
    return edits.size === 0 ? this.#raw : splice(this.#raw, this.#isAscii, this.#gated, edits);
  }

  #understood(): Said {
    this.#value ??= this.#family(this.#dialect, this.#operation).request.decode(this.#wire, this.#address);
    return this.#value;
  }
}

/** A request made in the canonical model, by an RPC. */
export class CanonicalRequest<Said extends Canonical> implements Request {
  readonly head: RequestHead;
  readonly size: number;
  readonly #family: Family<Said, unknown>;
  readonly #value: Said;

  /** `size` is that of the message on the wire. */
  constructor(family: Family<Said, unknown>, value: Said, head: RequestHead, size: number) {
    this.#family = family;
    this.#value = value;
    this.head = head;
    this.size = size;
  }

  value(): GenerateRequest | undefined {
    return generationIn(this.#value);
  }

  bytes(target: RequestTarget): Buffer {
    const generating = this.value();
    if (generating) loseSources(generating, target.losses);
    return encode(this.#family, this.#value, target, this.head.stream);
  }
}

function generationIn(said: Canonical): GenerateRequest | undefined {
  return said.$typeName === "pontage.v1.GenerateRequest" ? said : undefined;
}

function encode<Said extends Canonical>(
  family: Family<Said, unknown>,
  value: Said,
  target: RequestTarget,
  stream: boolean,
): Buffer {
  const { dialect, operation, model, askUsage, usageUnasked, outputLimit, quirks, losses } = target;
  const thinned = value.dialect === dialect.id;
  const context = { model, stream, askUsage, usageUnasked, outputLimit, losses, thinned, ...(quirks && { quirks }) };
  const wire = family(dialect, operation).request.encode(reminded(value, target), context);
  return Buffer.from(JSON.stringify(operation === "count-tokens" ? dialect.count.request(wire, model) : wire));
}

/** With what is known of the thoughts of earlier turns, or without those that the upstream has refused. */
function reminded<Said extends Canonical>(value: Said, target: RequestTarget): Said {
  const generating = generationIn(value);
  if (generating === undefined) return value;
  const { dialect, losses, known } = target;
  if (target.withoutThoughts) return withoutThoughts(generating, losses) as Said;
  return known ? (withThoughts(generating, known, dialect.id, losses) as Said) : value;
}

/** A piece of the body, in characters, and what stands in its place. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** Replaces, adds or leaves out top-level fields and leaves every other byte as it is. */
function splice(raw: Buffer, isAscii: boolean, { fields, closingBrace }: Gated, edits: Edits): Buffer {
  const text = isAscii ? "" : raw.toString("utf8");
  const byteAt = (place: number) => (isAscii ? place : Buffer.byteLength(text.slice(0, place)));
  const changes: Change[] = [];
  const added: string[] = [];
  let removed = 0;
  for (const [field, value] of edits) {
    const span = fields.get(field);
    if (value === undefined) removed += span ? 1 : 0;
    else if (span) changes.push({ start: span.start, end: span.end, value });
    else added.push(`${JSON.stringify(field)}:${value}`);
  }
  if (removed > 0) changes.push(...removals(fields, edits));
  if (changes.length > 1) changes.sort((a, b) => a.start - b.start);
  if (added.length > 0) {
    const value = `${fields.size > removed ? "," : ""}${added.join()}`;
    changes.push({ start: closingBrace, end: closingBrace, value });
  }
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, value } of changes) {
    pieces.push(raw.subarray(from, byteAt(start)), Buffer.from(value));
    from = byteAt(end);
  }
  pieces.push(raw.subarray(from));
  return Buffer.concat(pieces);
}

/** What is cut out of the body with the fields that are left out: each with the comma after it, the last ones with that before. */
function removals(fields: Gated["fields"], edits: Edits): Change[] {
  const isRemoved = (field: string) => edits.has(field) && edits.get(field) === undefined;
  const all = [...fields];
  const lastKept = all.findLastIndex(([field]) => !isRemoved(field));
  const changes = all.slice(0, lastKept + 1).flatMap(([field, { keyStart }], at): Change[] => {
    return isRemoved(field) ? [{ start: keyStart, end: all[at + 1]![1].keyStart, value: "" }] : [];
  });
  if (lastKept < all.length - 1) {
    const start = lastKept === -1 ? all[0]![1].keyStart : all[lastKept]![1].end;
    changes.push({ start, end: all.at(-1)![1].end, value: "" });
  }
  return changes;
}

function parseObject(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    // The engine's message quotes the body; only the place is passed on.
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0];
    throw new GatewayError(
      Reason.MALFORMED_JSON,
      text.length === 0
        ? "The body is empty. Send a JSON object."
        : `The body is not valid JSON${place ? ` ${place}` : ""}.`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new GatewayError(Reason.MALFORMED_JSON, "The body must be a JSON object.");
  }
  return value;
}
