import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import type { GatewayError } from "../canonical/error.ts";
import type { Usage } from "../canonical/usage.ts";
import { codecOf, embedding, isEmbedding } from "../dialects/codec.ts";
import type { Codec, Dialect, Operation } from "../dialects/dialect.ts";
import { gateJson } from "../payload/json-gate.ts";
import type { Answer, AnswerOwner } from "./answer.ts";
import { UnaryReply, VectorReply } from "./reply.ts";
import type { Settlement } from "./settlement.ts";
import { asGarbage, garbage, type Speaker, toldBy } from "./upstream-errors.ts";

const maxAnswerBytes = 64 * 1024 * 1024;
/** As many vectors as OpenAI makes in one call, of its longest, written as decimal numbers: about 140 MB. */
const maxVectorBytes = 192 * 1024 * 1024;
/** More of an error than this is not read to the end; its status tells enough. */
const maxErrorBytes = 1024 * 1024;

interface Upstream extends Speaker {
  readonly dialect: Dialect;
  readonly operation: Operation;
}

/** A whole answer: it is shown when it is complete and understood. */
export function wholeAnswer(
  upstream: Upstream,
  /** The client takes the bytes as they are. */
  passes: boolean,
  settlement: Settlement,
  owner: AnswerOwner,
): Answer {
  const { dialect, operation } = upstream;
  const codec = codecOf(dialect, operation);
  const maxBytes = isEmbedding(operation) ? maxVectorBytes : maxAnswerBytes;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const passed = () => ({ reported: undefined, frames: Math.ceil(bytes / 4), bytes });
  const refuse = (error: GatewayError) => {
    settlement.nothing(Outcome.UPSTREAM_ERROR, error);
    owner.refuse(error);
  };
  return {
    data(chunk) {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      owner.cancel();
      refuse(garbage(upstream.name, `more than ${maxBytes} bytes`));
    },
    end() {
      const raw = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      let reply: UnaryReply | VectorReply;
      try {
        let reported = passes ? usageWithin(raw, codec) : undefined;
        if (reported) {
          reply = replyOf(dialect, operation, raw);
        } else {
          const wire = parseObject(raw, upstream.name);
          reported = codec.usage(wire);
          reply = replyOf(dialect, operation, raw, wire);
          // What cannot be translated, or is a failure in spite of its status, must fail before it is called complete.
          if (!passes || !reported || wire.error) reply.value();
        }
        settlement.ok({ ...passed(), reported });
      } catch (error) {
        return refuse(asGarbage(error, upstream));
      }
      const show = () => {
        owner.show(reply);
        owner.done();
      };
      const synced = settlement.synced();
      if (synced) void synced.then(show);
      else show();
    },
    failed: refuse,
    abandoned(error) {
      if (bytes > 0) settlement.broken(Outcome.PARTIAL, error, passed());
      else settlement.nothing(Outcome.PARTIAL, error);
    },
  };
}

function replyOf(dialect: Dialect, operation: Operation, raw: Buffer, wire?: JsonObject): UnaryReply | VectorReply {
  return isEmbedding(operation)
    ? new VectorReply(embedding(dialect, operation), raw, wire)
    : new UnaryReply(dialect, raw, wire);
}

/** An error answer: read to the end, for its words, and refused. */
export function errorAnswer(
  upstream: Upstream,
  headers: Readonly<Record<string, string>>,
  settlement: Settlement,
  owner: AnswerOwner,
): Answer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const refuse = (error: GatewayError) => {
    settlement.nothing(Outcome.UPSTREAM_ERROR, error);
    owner.refuse(error);
  };
  const end = () => {
    // Here as well, since a dialect may shorten what it reads, and half a secret is not found any more.
    const body = upstream.withoutSecrets(Buffer.concat(chunks).toString("utf8"));
    let error: GatewayError;
    try {
      error = toldBy(upstream, upstream.dialect.error.decode(settlement.status, headers, body));
    } catch (cause) {
      // Whatever its words are, the call gets an answer.
      error = asGarbage(cause, upstream);
    }
    refuse(error);
  };
  return {
    data(chunk) {
      bytes += chunk.length;
      if (bytes <= maxErrorBytes) return void chunks.push(chunk);
      owner.cancel();
      end();
    },
    end,
    // The status says that it failed; half of its words are better than none.
    failed: end,
    abandoned: (error) => settlement.nothing(Outcome.PARTIAL, error),
  };
}

/**
 * The usage of an answer that passes as it came: only that field is parsed. Undefined when it is not found, or when the
 * body is so odd that somebody should read the whole of it.
 */
function usageWithin(raw: Buffer, codec: Codec<unknown, unknown>): Usage | undefined {
  const { usageField } = codec;
  if (usageField === undefined) return undefined;
  try {
    const text = raw.toString("utf8");
    const { fields, closingBrace } = gateJson(text);
    const span = fields.get(usageField);
    // The gate trusts the syntax, so at least it has to be one object from the first character to the last.
    if (!span || fields.has("error") || text[0] !== "{" || text.slice(closingBrace).trimEnd() !== "}") return undefined;
    return codec.usage({ [usageField]: JSON.parse(text.slice(span.start, span.end)) as JsonValue });
  } catch {
    return undefined;
  }
}

function parseObject(raw: Buffer, provider: string): JsonObject {
  let wire: unknown;
  try {
    wire = JSON.parse(raw.toString("utf8"));
  } catch (cause) {
    throw garbage(provider, "a body that is not valid JSON", cause);
  }
  if (typeof wire !== "object" || wire === null || Array.isArray(wire)) {
    throw garbage(provider, "a body that is not a JSON object");
  }
  return wire as JsonObject;
}
