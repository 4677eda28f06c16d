import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  ToolChoice_Mode as Mode,
  type Tool,
  type ToolChoice,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { booleanIn, checkFields, fieldsBeside, objectIn, requiredString, stringIn } from "../wire.ts";

const dialect = "openai-responses";

/** A function, said flat. Every other tool is the provider's own, or one that only the vendor's models know. */
export function decodeTool(wire: JsonObject, path: string): Tool {
  const tool: Tool = { $typeName: "pontage.v1.Tool", name: "", description: "" };
  if (wire.type !== "function") return { ...tool, opaque: opaqueOf(dialect, wire) };
  checkFields(wire, { description: "string", parameters: "object", strict: "boolean" }, path);
  tool.name = requiredString(wire, "name", path);
  tool.description = stringIn(wire.description) ?? "";
  tool.parameters = objectIn(wire.parameters);
  tool.strict = booleanIn(wire.strict);
  tool.extra = fieldsBeside(wire, toolWords);
  return tool;
}

export function encodeTools(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  return request.tools.flatMap((tool, index) => {
    if (tool.opaque) return crossing.providerTool(request, index, tool.opaque);
    return [encodeTool(tool, `tools[${index}]`, crossing)];
  });
}

function encodeTool(tool: Tool, path: string, crossing: Crossing): JsonObject {
  if (tool.cache && !crossing.same) crossing.lose(`${path}.cache_control`);
  const wire: JsonObject = { type: "function", name: tool.name };
  if (tool.description !== "") wire.description = tool.description;
  if (tool.parameters) wire.parameters = tool.parameters;
  // Here a function is strict unless it says otherwise, and everywhere else it is the other way round.
  if (tool.strict !== undefined) wire.strict = tool.strict;
  else if (!crossing.same) wire.strict = false;
  if (!tool.parameters && !crossing.same) wire.parameters = null;
  return { ...wire, ...crossing.extra(tool.extra, path) };
}

export function decodeToolChoice(wire: JsonValue | undefined): ToolChoice | undefined {
  if (wire === undefined || wire === null) return undefined;
  const choice = (mode: Mode, name = ""): ToolChoice => ({ $typeName: "pontage.v1.ToolChoice", mode, name });
  if (typeof wire === "string" && Object.hasOwn(modes, wire)) return choice(modes[wire]!);
  const named = objectIn(wire);
  const isPlain = named?.type === "function" && Object.keys(named).length === 2;
  if (isPlain && typeof named.name === "string") return choice(Mode.NAMED, named.name);
  return { ...choice(Mode.UNSPECIFIED), opaque: opaqueOf(dialect, named ?? { mode: wire }) };
}

export function encodeToolChoice(choice: ToolChoice, crossing: Crossing): JsonValue | undefined {
  if (choice.opaque) {
    const own = opaqueIn(choice.opaque, dialect);
    if (own === undefined) throw crossing.cannot("tool_choice", "This `tool_choice`");
    return typeof own.mode === "string" && own.type === undefined ? own.mode : own;
  }
  switch (choice.mode) {
    case Mode.AUTO:
      return "auto";
    case Mode.NONE:
      return "none";
    case Mode.REQUIRED:
      return "required";
    case Mode.NAMED:
      return { type: "function", name: choice.name };
    default:
      return undefined;
  }
}

const modes: Readonly<Record<string, Mode>> = { auto: Mode.AUTO, none: Mode.NONE, required: Mode.REQUIRED };

const toolWords = new Set(["type", "name", "description", "parameters", "strict"]);
