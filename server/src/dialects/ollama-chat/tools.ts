import type { JsonObject } from "@bufbuild/protobuf";
import { type GenerateRequest, ToolChoice_Mode as Mode, type Tool } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, objectIn, requiredObject, requiredString, stringIn } from "../wire.ts";

const dialect = "ollama-chat";

export function decodeTool(wire: JsonObject, path: string): Tool {
  const tool: Tool = { $typeName: "pontage.v1.Tool", name: "", description: "" };
  if (wire.type !== "function") return { ...tool, opaque: opaqueOf(dialect, wire) };
  const definition = requiredObject(wire.function, `${path}.function`);
  tool.name = requiredString(definition, "name", `${path}.function`);
  checkFields(definition, { description: "string", parameters: "object" }, `${path}.function`);
  tool.description = stringIn(definition.description) ?? "";
  tool.parameters = objectIn(definition.parameters);
  const inner = fieldsBeside(definition, definitionWords);
  const outer = fieldsBeside(wire, toolWords);
  if (inner || outer) tool.extra = { ...outer, ...(inner ? { function: inner } : undefined) };
  return tool;
}

export function encodeTools(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  refuseChoice(request, crossing);
  // There is no word for "none of them", so there are none.
  if (request.toolChoice?.mode === Mode.NONE) {
    if (request.tools.length > 0) crossing.lose("tools");
    return [];
  }
  return request.tools.flatMap((tool, index) => {
    if (tool.opaque) return crossing.providerTool(request, index, tool.opaque);
    return [encodeTool(tool, `tools[${index}]`, crossing)];
  });
}

function refuseChoice({ toolChoice, parallelToolCalls }: GenerateRequest, crossing: Crossing): void {
  const isFree = !toolChoice?.opaque && (toolChoice?.mode ?? Mode.AUTO) <= Mode.NONE;
  if (!isFree) throw crossing.cannot("tool_choice", "A choice of tools that forces a call");
  if (parallelToolCalls === false) throw crossing.cannot("parallel_tool_calls", "`parallel_tool_calls` = false");
}

function encodeTool(tool: Tool, path: string, crossing: Crossing): JsonObject {
  const { function: inner, ...outer } = crossing.extra(tool.extra, path) ?? {};
  const definition: JsonObject = { name: tool.name };
  if (tool.description !== "") definition.description = tool.description;
  if (tool.parameters) definition.parameters = tool.parameters;
  if (tool.strict) crossing.lose(`${path}.strict`);
  if (tool.cache) crossing.lose(`${path}.cache_control`);
  return { type: "function", function: { ...definition, ...objectIn(inner) }, ...outer };
}

const definitionWords = new Set(["name", "description", "parameters"]);
const toolWords = new Set(["type", "function"]);
