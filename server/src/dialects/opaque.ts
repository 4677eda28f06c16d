import { fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Opaque } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { DialectId } from "./dialect.ts";
import { objectIn } from "./wire.ts";

/** A value that only one dialect understands, carried whole. */
export function opaqueOf(dialect: DialectId, value: JsonValue): Opaque {
  try {
    return { $typeName: "pontage.v1.Opaque", dialect, value: fromJson(ValueSchema, value) };
  } catch (cause) {
    // Numbers beyond all bounds and nesting deeper than the stack have no place in the canonical model.
    throw new GatewayError(Reason.INVALID_ARGUMENT, "A field holds a value that cannot be carried.", { cause });
  }
}

/** The value of `opaque` where it is an object of this dialect. */
export function opaqueIn(opaque: Opaque, dialect: DialectId): JsonObject | undefined {
  if (opaque.dialect !== dialect || opaque.value === undefined) return undefined;
  return objectIn(toJson(ValueSchema, opaque.value));
}

/** What the value calls itself, in whichever dialect. */
export function opaqueType(opaque: Opaque): string | undefined {
  const kind = opaque.value?.kind;
  const type = kind?.case === "structValue" ? kind.value.fields.type?.kind : undefined;
  return type?.case === "stringValue" ? type.value : undefined;
}
