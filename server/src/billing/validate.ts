import { create } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";

/**
 * Says which rule of the protobuf definition an event breaks. Making one compiles the rules, which takes some tens of
 * milliseconds; that belongs to the start, not to the first event.
 */
export function createEventValidator(): (event: UsageEvent) => string | undefined {
  const validator = createValidator();
  const validate = (event: UsageEvent): string | undefined => {
    const result = validator.validate(UsageEventSchema, event);
    if (result.kind === "valid") return undefined;
    if (result.kind === "error") return `the rules cannot be applied: ${result.error.message}`;
    return result.violations.map(String).join("; ");
  };
  validate(create(UsageEventSchema));
  return validate;
}
