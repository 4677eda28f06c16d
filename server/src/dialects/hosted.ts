import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ArrivingFraming } from "../framing/framing.ts";
import type { Dialect, RequestChange } from "./dialect.ts";

/** Top-level fields of a request: a value that is said, or `undefined` for one that is left out. */
export type HostFields = Readonly<Record<string, JsonValue | undefined>>;

/** A dialect as a host speaks it that is not its vendor: the words are the same, the envelope is another. */
export interface Hosting {
  /** What the host wants to see on top of a request, beside the dialect's own words. */
  fields(wire: JsonObject, change: Pick<RequestChange, "counting" | "headers">): HostFields;
  /** Errors before a stream, where they are the host's own. */
  readonly decodeError?: Dialect["error"]["decode"];
  /** How the host frames the dialect's events. */
  readonly arriving?: ArrivingFraming;
}

/**
 * The dialect at that host. It keeps its id: for a client of the dialect the bytes pass, but for those fields, and what it
 * says is understood by the same codec.
 */
export function hosted(dialect: Dialect, { fields, decodeError, arriving }: Hosting): Dialect {
  const { request, stream, count, error } = dialect;
  return {
    ...dialect,
    request: {
      ...request,
      encode: (value, context) => withFields(request.encode(value, context), (wire) => fields(wire, {})),
      edits(wire, change) {
        const edits = new Map(request.edits(wire, change));
        for (const [field, value] of Object.entries(fields(wire, change))) {
          if (value !== undefined) edits.set(field, JSON.stringify(value));
          else if (field in wire) edits.set(field, undefined);
          else edits.delete(field);
        }
        return edits;
      },
    },
    stream: arriving ? { ...stream, arriving } : stream,
    count: {
      ...count,
      request: (wire, model) =>
        withFields(count.request({ ...wire, model }, model), (counted) => fields(counted, { counting: true })),
    },
    error: decodeError ? { ...error, decode: decodeError } : error,
  };
}

function withFields(wire: JsonObject, fields: (wire: JsonObject) => HostFields): JsonObject {
  const said = Object.entries({ ...wire, ...fields(wire) }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as JsonObject;
}
