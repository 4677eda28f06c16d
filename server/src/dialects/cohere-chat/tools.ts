import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  ToolChoice_Mode as Mode,
  type Tool,
  type ToolChoice,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { forcesOneTool } from "../forced-tool.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, objectIn, requiredObject, requiredString, stringIn } from "../wire.ts";

const dialect = "cohere-chat";

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

/** The fields that say which tools there are and which must be called. */
export function encodeTools(request: GenerateRequest, crossing: Crossing): JsonObject {
  const { toolChoice, parallelToolCalls } = request;
  if (parallelToolCalls === false) {
    if (!forcesOneTool(request)) throw crossing.cannot("parallel_tool_calls", "`parallel_tool_calls` = false");
    crossing.lose("parallel_tool_calls");
  }
  let tools = request.tools.flatMap((tool, index) => {
    const wires = tool.opaque
      ? crossing.providerTool(request, index, tool.opaque)
      : [encodeTool(tool, `tools[${index}]`, crossing)];
    return wires.map((wire) => ({ name: tool.name, wire }));
  });
  if (toolChoice?.mode === Mode.NAMED) {
    // There is no choice by name: the one tool there is, is the one that must be called.
    if (tools.length > 1) crossing.lose("tools");
    tools = tools.filter(({ name }) => name === toolChoice.name);
    if (tools.length === 0) throw crossing.cannot("tool_choice", "A choice of a tool that is not there");
  }
  const strict = request.tools.filter((tool) => tool.strict).length;
  // Strictness is for all tools or none.
  if (strict > 0 && strict < request.tools.length) crossing.lose("tools.strict");
  const choice = encodeToolChoice(toolChoice, crossing);
  return {
    ...(tools.length > 0 ? { tools: tools.map(({ wire }) => wire) } : {}),
    ...(strict > 0 && strict === request.tools.length ? { strict_tools: true } : {}),
    ...(choice === undefined ? {} : { tool_choice: choice }),
  };
}

function encodeTool(tool: Tool, path: string, crossing: Crossing): JsonObject {
  const { function: inner, ...outer } = crossing.extra(tool.extra, path) ?? {};
  const definition: JsonObject = { name: tool.name };
  if (tool.description !== "") definition.description = tool.description;
  if (tool.parameters) definition.parameters = tool.parameters;
  if (tool.cache) crossing.lose(`${path}.cache_control`);
  return { type: "function", function: { ...definition, ...objectIn(inner) }, ...outer };
}

export function decodeToolChoice(wire: JsonValue | undefined): ToolChoice | undefined {
  if (wire === undefined || wire === null) return undefined;
  const choice = (mode: Mode): ToolChoice => ({ $typeName: "pontage.v1.ToolChoice", mode, name: "" });
  if (wire === "REQUIRED") return choice(Mode.REQUIRED);
  if (wire === "NONE") return choice(Mode.NONE);
  return { ...choice(Mode.UNSPECIFIED), opaque: opaqueOf(dialect, { mode: wire }) };
}

function encodeToolChoice(choice: ToolChoice | undefined, crossing: Crossing): JsonValue | undefined {
  if (choice?.opaque) {
    const own = opaqueIn(choice.opaque, dialect);
    if (own === undefined) throw crossing.cannot("tool_choice", "This `tool_choice`");
    return own.mode;
  }
  if (choice?.mode === Mode.NONE) return "NONE";
  return choice?.mode === Mode.REQUIRED || choice?.mode === Mode.NAMED ? "REQUIRED" : undefined;
}

const definitionWords = new Set(["name", "description", "parameters"]);
const toolWords = new Set(["type", "function"]);
