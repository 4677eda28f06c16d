import { type GenerateRequest, ToolChoice_Mode as Mode } from "@pontage/gen/pontage/v1/generate_pb.ts";

/**
 * Whether one tool must be called and there is no other. Libraries ask so for structured output: they want its arguments, and
 * mean nothing more when they ask for one call at a time.
 */
export function forcesOneTool({ tools, toolChoice }: GenerateRequest): boolean {
  return toolChoice?.mode === Mode.NAMED || (toolChoice?.mode === Mode.REQUIRED && tools.length === 1);
}
