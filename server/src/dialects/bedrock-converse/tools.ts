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
import { widenToolId } from "../tool-id.ts";
import {
  booleanIn,
  checkFields,
  fieldsBeside,
  objectIn,
  objectsIn,
  requiredObject,
  requiredString,
  stringIn,
} from "../wire.ts";
import { toolName } from "./blocks-encode.ts";
import { decodeCachePoint, encodeCachePoint } from "./cache-point.ts";

const dialect = "bedrock-converse";

export function decodeTools(wire: JsonValue | undefined): Tool[] {
  const tools: Tool[] = [];
  for (const [at, entry] of objectsIn(wire, "toolConfig.tools").entries()) {
    const mark = decodeCachePoint(entry);
    const before = tools.at(-1);
    if (mark && before && !before.cache) before.cache = mark;
    else tools.push(decodeTool(entry, `toolConfig.tools[${at}]`));
  }
  return tools;
}

function decodeTool(wire: JsonObject, path: string): Tool {
  const spec = wire.toolSpec === undefined ? undefined : requiredObject(wire.toolSpec, `${path}.toolSpec`);
  const schema = objectIn(spec?.inputSchema) ?? {};
  const isKnown = Object.keys(wire).length === 1 && Object.keys(schema).every((field) => field === "json");
  if (spec === undefined || !isKnown) {
    return { $typeName: "pontage.v1.Tool", name: "", description: "", opaque: opaqueOf(dialect, wire) };
  }
  const at = `${path}.toolSpec`;
  checkFields(spec, { description: "string", inputSchema: "object", strict: "boolean" }, at);
  checkFields(schema, { json: "object" }, `${at}.inputSchema`);
  return {
    $typeName: "pontage.v1.Tool",
    name: widenToolId(requiredString(spec, "name", at)),
    description: stringIn(spec.description) ?? "",
    parameters: objectIn(schema.json),
    strict: booleanIn(spec.strict),
    extra: fieldsBeside(spec, specWords),
  };
}

export function decodeToolChoice(wire: JsonObject | undefined): ToolChoice | undefined {
  if (wire === undefined) return undefined;
  const toolChoice: ToolChoice = { $typeName: "pontage.v1.ToolChoice", mode: Mode.UNSPECIFIED, name: "" };
  const [kind, ...others] = Object.keys(wire);
  const inner = objectIn(wire[kind ?? ""]) ?? {};
  const fields = Object.keys(inner);
  if (kind === "auto" && others.length === 0 && fields.length === 0) toolChoice.mode = Mode.AUTO;
  else if (kind === "any" && others.length === 0 && fields.length === 0) toolChoice.mode = Mode.REQUIRED;
  else if (kind === "tool" && others.length === 0 && fields.length === 1) {
    toolChoice.mode = Mode.NAMED;
    toolChoice.name = widenToolId(requiredString(inner, "name", "toolConfig.toolChoice.tool"));
  } else toolChoice.opaque = opaqueOf(dialect, wire);
  return toolChoice;
}

export interface EncodedTools {
  /** Undefined where there is nothing to call and nothing was called. */
  readonly config: JsonObject | undefined;
  /** What Claude is told beside it, among its own parameters. */
  readonly fields: JsonObject;
}

export function encodeToolConfig(
  request: GenerateRequest,
  vendor: string | undefined,
  crossing: Crossing,
  own: JsonObject | undefined,
): EncodedTools {
  if (crossing.same) {
    const toolChoice = encodeChoice(request.toolChoice, crossing);
    const config: JsonObject = {};
    if (request.tools.length > 0) config.tools = encodeTools(request, vendor, crossing);
    if (toolChoice) config.toolChoice = toolChoice;
    const all = { ...config, ...own };
    return { config: Object.keys(all).length > 0 ? all : undefined, fields: {} };
  }
  const called = namesCalled(request);
  const isForbidden = request.toolChoice?.mode === Mode.NONE || request.tools.length === 0;
  // There is no word for "call nothing", so the tools are left out.
  if (isForbidden && called.length === 0) {
    if (request.tools.length > 0) crossing.lose("tools");
    return { config: undefined, fields: {} };
  }
  if (isForbidden) {
    // Calls in the history are refused without a list of tools, and a list cannot be forbidden to be used.
    crossing.lose("tool_choice");
    const tools = request.tools.length > 0 ? encodeTools(request, vendor, crossing) : called.map(rebuiltTool);
    return { config: { tools }, fields: {} };
  }
  const tools = encodeTools(request, vendor, crossing);
  const fields = encodeParallel(request, vendor, crossing);
  const toolChoice = fields.tool_choice ? undefined : encodeChoice(request.toolChoice, crossing);
  return { config: { tools, ...(toolChoice ? { toolChoice } : {}) }, fields };
}

function encodeTools(request: GenerateRequest, vendor: string | undefined, crossing: Crossing): JsonObject[] {
  return request.tools.flatMap((tool, index) => {
    const path = `tools[${index}]`;
    const points = cachePoints(tool, path, vendor, crossing);
    if (tool.opaque) {
      const own = crossing.providerTool(request, index, tool.opaque);
      return own.length > 0 ? [...own, ...points] : [];
    }
    const spec: JsonObject = { name: toolName(tool.name, `${path}.name`, { crossing, isAnswer: false }) };
    if (tool.description !== "") spec.description = tool.description;
    if (tool.parameters || !crossing.same) spec.inputSchema = { json: tool.parameters ?? { type: "object" } };
    if (tool.strict !== undefined) spec.strict = tool.strict;
    return [{ toolSpec: { ...spec, ...crossing.extra(tool.extra, path) } }, ...points];
  });
}

function cachePoints(tool: Tool, path: string, vendor: string | undefined, crossing: Crossing): JsonObject[] {
  if (!tool.cache) return [];
  // Other models refuse cache points, and Nova takes none among its tools.
  const isTaken = crossing.same || vendor === undefined || vendor === "anthropic";
  if (!isTaken) crossing.lose(`${path}.cache_control`);
  return isTaken ? [encodeCachePoint(tool.cache, crossing.same)] : [];
}

/** The functions called so far, each once. */
function namesCalled(request: GenerateRequest): string[] {
  const names = new Set<string>();
  for (const { parts } of request.messages) {
    for (const { kind } of parts) if (kind.case === "toolCall") names.add(kind.value.name);
  }
  return [...names];
}

function rebuiltTool(name: string): JsonObject {
  return { toolSpec: { name, inputSchema: { json: { type: "object" } } } };
}

function encodeChoice(choice: ToolChoice | undefined, crossing: Crossing): JsonObject | undefined {
  if (choice?.opaque) {
    const own = opaqueIn(choice.opaque, dialect);
    if (own) return own;
    throw crossing.cannot("tool_choice", "This `tool_choice`");
  }
  switch (choice?.mode) {
    case Mode.AUTO:
      return { auto: {} };
    case Mode.REQUIRED:
      return { any: {} };
    case Mode.NAMED:
      return { tool: { name: toolName(choice.name, "tool_choice", { crossing, isAnswer: false }) } };
    default:
      return undefined;
  }
}

/**
 * The service has no switch for parallel calls. Claude takes its own among the model's parameters, where it is the whole
 * choice, so that none may stand in `toolConfig`. https://github.com/BerriAI/litellm/pull/34347
 */
function encodeParallel(request: GenerateRequest, vendor: string | undefined, crossing: Crossing): JsonObject {
  if (request.parallelToolCalls !== false) return {};
  const mode = request.toolChoice?.mode ?? Mode.UNSPECIFIED;
  const isFree = !request.toolChoice?.opaque && (mode === Mode.UNSPECIFIED || mode === Mode.AUTO);
  if (vendor === "anthropic" && isFree) return { tool_choice: { type: "auto", disable_parallel_tool_use: true } };
  const param =
    request.dialect === "anthropic-messages" ? "tool_choice.disable_parallel_tool_use" : "parallel_tool_calls";
  if (forcesOneTool(request)) {
    crossing.lose(param);
    return {};
  }
  throw crossing.cannot(param, "One call at a time", "Leave it out, and expect several calls in one answer.");
}

const specWords = new Set(["name", "description", "inputSchema", "strict"]);
