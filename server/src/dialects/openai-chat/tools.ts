import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  ToolChoice_Mode as Mode,
  type Tool,
  type ToolChoice,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { decodeCacheMark, encodeCacheMark } from "../cache-mark.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { booleanIn, checkFields, fieldsBeside, objectIn, requiredObject, requiredString, stringIn } from "../wire.ts";

const dialect = "openai-chat";

export function decodeTool(wire: JsonObject, path: string): Tool {
  const tool: Tool = { $typeName: "pontage.v1.Tool", name: "", description: "" };
  if (wire.type !== "function") return { ...tool, opaque: opaqueOf(dialect, wire) };
  const definition = requiredObject(wire.function, `${path}.function`);
  tool.name = requiredString(definition, "name", `${path}.function`);
  checkFields(definition, { description: "string", parameters: "object", strict: "boolean" }, `${path}.function`);
  tool.description = stringIn(definition.description) ?? "";
  tool.parameters = objectIn(definition.parameters);
  tool.strict = booleanIn(definition.strict);
  tool.cache = decodeCacheMark(wire.cache_control);
  const nested = fieldsBeside(definition, definitionWords);
  const outer = fieldsBeside(wire, toolWords);
  if (nested || outer) tool.extra = { ...outer, ...(nested ? { function: nested } : undefined) };
  return tool;
}

export function encodeTools(request: GenerateRequest, crossing: Crossing, keepCacheMarks: boolean): JsonObject[] {
  return request.tools.flatMap((tool, index) => {
    if (tool.opaque) return crossing.providerTool(request, index, tool.opaque);
    return [encodeTool(tool, `tools[${index}]`, crossing, keepCacheMarks)];
  });
}

function encodeTool(tool: Tool, path: string, crossing: Crossing, keepCacheMarks: boolean): JsonObject {
  const { function: nested, ...outer } = crossing.extra(tool.extra, path) ?? {};
  const definition: JsonObject = { name: tool.name };
  if (tool.description !== "") definition.description = tool.description;
  if (tool.parameters) definition.parameters = tool.parameters;
  if (tool.strict !== undefined) definition.strict = tool.strict;
  const wire: JsonObject = { type: "function", function: { ...definition, ...objectIn(nested) }, ...outer };
  if (tool.cache) {
    if (crossing.same || keepCacheMarks) wire.cache_control = encodeCacheMark(tool.cache);
    else crossing.lose(`${path}.cache_control`);
  }
  return wire;
}

export function decodeToolChoice(wire: JsonValue | undefined): ToolChoice | undefined {
  if (wire === undefined || wire === null) return undefined;
  const choice = (mode: Mode, name = ""): ToolChoice => ({ $typeName: "pontage.v1.ToolChoice", mode, name });
  if (typeof wire === "string" && Object.hasOwn(modes, wire)) return choice(modes[wire]!);
  const named = objectIn(wire)?.type === "function" ? objectIn(objectIn(wire)?.function) : undefined;
  if (typeof named?.name === "string") return choice(Mode.NAMED, named.name);
  return { ...choice(Mode.UNSPECIFIED), opaque: opaqueOf(dialect, objectIn(wire) ?? { mode: wire }) };
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
      return { type: "function", function: { name: choice.name } };
    default:
      return undefined;
  }
}

/** `any` is Mistral's word for `required`. */
const modes: Readonly<Record<string, Mode>> = {
  auto: Mode.AUTO,
  none: Mode.NONE,
  required: Mode.REQUIRED,
  any: Mode.REQUIRED,
};

const definitionWords = new Set(["name", "description", "parameters", "strict"]);
const toolWords = new Set(["type", "function", "cache_control"]);
