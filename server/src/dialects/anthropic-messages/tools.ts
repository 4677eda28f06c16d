import type { JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  ToolChoice_Mode as Mode,
  type Tool,
  type ToolChoice,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { decodeCacheMark, encodeCacheMark } from "../cache-mark.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { booleanIn, checkFields, fieldsBeside, objectIn, requiredString, stringIn } from "../wire.ts";

const dialect = "anthropic-messages";

export function decodeTool(wire: JsonObject, path: string): Tool {
  const type = wire.type ?? "custom";
  if (type !== "custom") {
    return { $typeName: "pontage.v1.Tool", name: "", description: "", opaque: opaqueOf(dialect, wire) };
  }
  checkFields(wire, { description: "string", input_schema: "object", strict: "boolean" }, path);
  return {
    $typeName: "pontage.v1.Tool",
    name: requiredString(wire, "name", path),
    description: stringIn(wire.description) ?? "",
    parameters: objectIn(wire.input_schema),
    strict: booleanIn(wire.strict),
    cache: decodeCacheMark(wire.cache_control),
    // `type` may be left out; where it is said, it is said again.
    extra: fieldsBeside(wire, wire.type ? typedToolWords : toolWords),
  };
}

export function encodeTools(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  if (request.tools.length === 0 && !crossing.same) return rebuiltTools(request);
  return request.tools.flatMap<JsonObject>((tool, index) => {
    const path = `tools[${index}]`;
    if (tool.opaque) return crossing.providerTool(request, index, tool.opaque);
    const wire: JsonObject = { name: tool.name };
    if (tool.description !== "") wire.description = tool.description;
    wire.input_schema = tool.parameters ?? { type: "object" };
    if (tool.strict !== undefined) wire.strict = tool.strict;
    const cache = tool.cache ? { cache_control: encodeCacheMark(tool.cache) } : undefined;
    return { ...wire, ...crossing.extra(tool.extra, path), ...cache };
  });
}

/** The provider refuses earlier calls without a list of tools, so the names in the history make one. See `encodeToolChoice`. */
function rebuiltTools(request: GenerateRequest): JsonObject[] {
  const names = new Set<string>();
  for (const { parts } of request.messages) {
    for (const { kind } of parts) if (kind.case === "toolCall") names.add(kind.value.name);
  }
  return [...names].map((name) => ({ name, input_schema: { type: "object" } }));
}

export interface DecodedChoice {
  readonly toolChoice: ToolChoice | undefined;
  readonly parallelToolCalls: boolean | undefined;
}

export function decodeToolChoice(wire: JsonObject | undefined): DecodedChoice {
  if (wire === undefined) return { toolChoice: undefined, parallelToolCalls: undefined };
  checkFields(wire, { type: "string", name: "string", disable_parallel_tool_use: "boolean" }, "tool_choice");
  const type = requiredString(wire, "type", "tool_choice");
  const disabled = booleanIn(wire.disable_parallel_tool_use);
  const parallelToolCalls = disabled === undefined ? undefined : !disabled;
  const toolChoice: ToolChoice = { $typeName: "pontage.v1.ToolChoice", mode: Mode.UNSPECIFIED, name: "" };
  if (Object.hasOwn(modes, type)) toolChoice.mode = modes[type]!;
  else if (type === "tool") {
    toolChoice.mode = Mode.NAMED;
    toolChoice.name = requiredString(wire, "name", "tool_choice");
  } else toolChoice.opaque = opaqueOf(dialect, wire);
  return { toolChoice, parallelToolCalls };
}

export function encodeToolChoice(
  request: GenerateRequest,
  tools: readonly JsonObject[],
  crossing: Crossing,
): JsonObject | undefined {
  // Tools that were rebuilt from the history are there to be understood and not to be called.
  if (request.tools.length === 0 && tools.length > 0) return { type: "none" };
  const { toolChoice, parallelToolCalls } = request;
  if (tools.length === 0 && !crossing.same) return undefined;
  if (toolChoice?.opaque) {
    const own = opaqueIn(toolChoice.opaque, dialect);
    if (own) return own;
    throw crossing.cannot("tool_choice", "This `tool_choice`");
  }
  const wire = encodeMode(toolChoice);
  // The switch for parallel calls lives inside the choice, so there must be one.
  if (parallelToolCalls === undefined || (parallelToolCalls && wire === undefined)) return wire;
  if (wire?.type === "none") return wire;
  return { ...(wire ?? { type: "auto" }), disable_parallel_tool_use: !parallelToolCalls };
}

function encodeMode(choice: ToolChoice | undefined): JsonObject | undefined {
  switch (choice?.mode) {
    case Mode.AUTO:
      return { type: "auto" };
    case Mode.NONE:
      return { type: "none" };
    case Mode.REQUIRED:
      return { type: "any" };
    case Mode.NAMED:
      return { type: "tool", name: choice.name };
    default:
      return undefined;
  }
}

const modes: Readonly<Record<string, Mode>> = { auto: Mode.AUTO, any: Mode.REQUIRED, none: Mode.NONE };

const toolWords = new Set(["type", "name", "description", "input_schema", "strict", "cache_control"]);
const typedToolWords = new Set([...toolWords].filter((word) => word !== "type"));
