import { isUtf8 } from "node:buffer";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Address, Dialect, Edits, Quirks, RequestHead } from "../dialects/dialect.ts";
import { type CallThoughts, withoutThoughts, withThoughts } from "../dialects/thoughts.ts";
import { type Gated, gateJson } from "./json-gate.ts";

/** What an attempt changes in a request, and what it must know to write it. */
export interface RequestTarget {
  readonly dialect: Dialect;
  /** The model as the provider names it. */
  readonly model: string;
  /** The provider reports usage in a stream only when asked. */
  readonly askUsage: boolean;
  /** The provider reports it unasked, and may refuse to be asked. */
  readonly usageUnasked?: boolean | undefined;
  readonly outputLimit: number;
  readonly quirks: Quirks | undefined;
  readonly losses: Losses;
  /** The input is only to be counted. */
  readonly counting?: boolean;
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
  /** The request in the canonical model. */
  value(): GenerateRequest;
  /** The request as the target's dialect writes it. The original is not changed. */
  bytes(target: RequestTarget): Buffer;
}

/** A request as a client wrote it. */
export class WireRequest implements Request {
  readonly head: RequestHead;
  readonly #dialect: Dialect;
  readonly #address: Address;
  readonly #raw: Buffer;
  /** Every character is one byte, so that places in the text are places in the bytes. */
  readonly #isAscii: boolean;
  readonly #gated: Gated;
  readonly #wire: JsonObject;
  #value: GenerateRequest | undefined;

  /** `address` is what the path said. */
  constructor(dialect: Dialect, raw: Buffer, address: Address = {}) {
    if (!isUtf8(raw)) throw new GatewayError(Reason.MALFORMED_JSON, "The body is not valid UTF-8.");
    this.#dialect = dialect;
    this.#address = address;
    this.#raw = raw;
    // The text is not kept: a call lives long enough for the garbage collector to carry it along.
    const text = raw.toString("utf8");
    this.#isAscii = text.length === raw.length;
    this.#gated = gateJson(text);
    this.#wire = parseObject(text);
    this.head = dialect.request.head(this.#wire, address);
  }

  get size(): number {
    return this.#raw.length;
  }

  value(): GenerateRequest {
    this.#value ??= this.#dialect.request.decode(this.#wire, this.#address);
    return this.#value;
  }

  bytes(target: RequestTarget): Buffer {
    const { dialect, model, askUsage, usageUnasked } = target;
    const isThinned = target.withoutThoughts || dialect.thoughts?.areSealedIn?.(this.#wire);
    if (dialect !== this.#dialect || isThinned) return encode(this.value(), target, this.head.stream);
    const edits = dialect.request.edits(this.#wire, { model, askUsage, usageUnasked });
    return edits.size === 0 ? this.#raw : splice(this.#raw, this.#isAscii, this.#gated, edits);
  }
}

/** A request made in the canonical model, by an RPC. */
export class CanonicalRequest implements Request {
  readonly head: RequestHead;
  readonly size: number;
  readonly #value: GenerateRequest;

  /** `size` is that of the message on the wire. */
  constructor(value: GenerateRequest, stream: boolean, size: number) {
    this.#value = value;
    this.size = size;
    this.head = { model: value.model, stream, showUsage: true, maxOutputTokens: value.maxOutputTokens };
  }

  value(): GenerateRequest {
    return this.#value;
  }

  bytes(target: RequestTarget): Buffer {
    return encode(this.#value, target, this.head.stream);
  }
}

function encode(value: GenerateRequest, target: RequestTarget, stream: boolean): Buffer {
  const { dialect, model, askUsage, usageUnasked, outputLimit, quirks, losses, counting, known } = target;
  const thinned = value.dialect === dialect.id;
  const context = { model, stream, askUsage, usageUnasked, outputLimit, losses, thinned, ...(quirks && { quirks }) };
  let request = value;
  if (target.withoutThoughts) request = withoutThoughts(value, losses);
  else if (known) request = withThoughts(value, known, dialect.id, losses);
  const wire = dialect.request.encode(request, context);
  return Buffer.from(JSON.stringify(counting ? dialect.count.request(wire, model) : wire));
}

/** Replaces, adds or takes out top-level fields and leaves every other byte as it is. */
function splice(raw: Buffer, isAscii: boolean, gated: Gated, edits: Edits): Buffer {
  const text = isAscii ? "" : raw.toString("utf8");
  const byteAt = (place: number) => (isAscii ? place : Buffer.byteLength(text.slice(0, place)));
  const { fields } = gated;
  const changes: { readonly start: number; readonly end: number; readonly value: string }[] = [];
  let added = "";
  for (const [field, value] of edits) {
    const span = fields.get(field);
    if (value === undefined) {
      if (span) changes.push({ ...wholeField(raw, byteAt(span.start), byteAt(span.end)), value: "" });
    } else if (span) changes.push({ start: byteAt(span.start), end: byteAt(span.end), value });
    else added += `${fields.size > 0 || added ? "," : ""}${JSON.stringify(field)}:${value}`;
  }
  if (changes.length > 1) changes.sort((a, b) => a.start - b.start);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, value } of changes) {
    pieces.push(raw.subarray(from, start), Buffer.from(value));
    from = end;
  }
  if (added !== "") {
    const closingBrace = byteAt(gated.closingBrace);
    pieces.push(raw.subarray(from, closingBrace), Buffer.from(added));
    from = closingBrace;
  }
  pieces.push(raw.subarray(from));
  return Buffer.concat(pieces);
}

/** A field with its name and the comma that sets it apart, found from where its value stands. */
function wholeField(raw: Buffer, valueStart: number, valueEnd: number): { start: number; end: number } {
  const nameEnd = raw.lastIndexOf('"', valueStart - 1);
  const nameStart = raw.lastIndexOf('"', nameEnd - 1);
  const isBlank = (at: number) => /\s/.test(String.fromCharCode(raw[at]!));
  let before = nameStart - 1;
  while (isBlank(before)) before--;
  if (raw[before] === comma) return { start: before, end: valueEnd };
  let after = valueEnd;
  while (isBlank(after)) after++;
  return { start: nameStart, end: raw[after] === comma ? after + 1 : valueEnd };
}

const comma = 0x2c;

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
