import type { JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  ToolChoice_Mode as Mode,
  type Tool,
  type ToolChoice,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type Crossing, spelling } from "../crossing.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, listIn, objectIn, objectsIn, requiredString, stringIn } from "../wire.ts";
import { asList, inCamelCase } from "./field-names.ts";
import { narrowName, widenName } from "./function-name.ts";
import { jsonSchemaOf } from "./schema.ts";

const dialect = "gemini";

/** A tool here is a list of functions, or one that the provider runs itself, or both. */
export function decodeTools(value: JsonObject[string] | undefined): Tool[] {
  return objectsIn(asList(value), "tools").flatMap((said, index) => {
    const path = `tools[${index}]`;
    const wire = inCamelCase(said, path);
    const declarations = objectsIn(asList(wire.functionDeclarations), `${path}.functionDeclarations`).map((one, at) =>
      decodeDeclaration(one, `${path}.functionDeclarations[${at}]`),
    );
    const { functionDeclarations: _, ...others } = wire;
    if (Object.keys(others).length === 0) return declarations;
    const own = wire.functionDeclarations === undefined ? said : others;
    const tool: Tool = { $typeName: "pontage.v1.Tool", name: "", description: "", opaque: opaqueOf(dialect, own) };
    return [...declarations, tool];
  });
}

function decodeDeclaration(said: JsonObject, path: string): Tool {
  const wire = inCamelCase(said, path);
  checkFields(wire, { description: "string", parameters: "object", parametersJsonSchema: "object" }, path);
  const schema = objectIn(wire.parameters);
  const extra = fieldsBeside(wire, declarationWords);
  return {
    $typeName: "pontage.v1.Tool",
    name: widenName(requiredString(wire, "name", path)),
    description: stringIn(wire.description) ?? "",
    parameters: objectIn(wire.parametersJsonSchema) ?? (schema && jsonSchemaOf(schema)),
    // The API's own form of the schema is kept beside, to be written back as it was.
    extra: schema ? { ...extra, [spelling]: schema } : extra,
  };
}

export function encodeTools(request: GenerateRequest, crossing: Crossing): JsonObject[] {
  const functionDeclarations: JsonObject[] = [];
  const tools: JsonObject[] = [];
  for (const [index, tool] of request.tools.entries()) {
    const path = `tools[${index}]`;
    if (tool.opaque) {
      tools.push(...crossing.providerTool(request, index, tool.opaque));
      continue;
    }
    if (functionDeclarations.length === 0) tools.push({ functionDeclarations });
    functionDeclarations.push(encodeDeclaration(tool, path, crossing));
  }
  return tools;
}

function encodeDeclaration(tool: Tool, path: string, crossing: Crossing): JsonObject {
  const wire: JsonObject = { name: crossing.same ? tool.name : narrowName(tool.name) };
  if (tool.description !== "") wire.description = tool.description;
  const { [spelling]: said, ...extra } = crossing.extra(tool.extra, path) ?? {};
  if (said) wire.parameters = said;
  else if (tool.parameters) wire.parametersJsonSchema = tool.parameters;
  if (tool.strict) crossing.lose(`${path}.strict`);
  if (tool.cache) crossing.lose(`${path}.cache_control`);
  return { ...wire, ...extra };
}

/** `toolConfig.functionCallingConfig` as a choice, and what of it no choice says. */
export function decodeToolChoice(wire: JsonObject): {
  toolChoice: ToolChoice | undefined;
  rest: JsonObject | undefined;
} {
  const path = "toolConfig.functionCallingConfig";
  checkFields(wire, { mode: "string", allowedFunctionNames: "list" }, path);
  const mode = stringIn(wire.mode);
  const names = listIn(wire.allowedFunctionNames)?.map(String) ?? [];
  const choice = (mode: Mode, name = ""): ToolChoice => ({ $typeName: "pontage.v1.ToolChoice", mode, name });
  if (mode === "ANY" && names.length === 1) {
    return { toolChoice: choice(Mode.NAMED, widenName(names[0]!)), rest: fieldsBeside(wire, choiceWords) };
  }
  if (names.length > 0) {
    return { toolChoice: { ...choice(Mode.UNSPECIFIED), opaque: opaqueOf(dialect, wire) }, rest: undefined };
  }
  if (mode !== undefined && Object.hasOwn(modes, mode)) {
    return { toolChoice: choice(modes[mode]!), rest: fieldsBeside(wire, choiceWords) };
  }
  // `VALIDATED` is `AUTO` with arguments that are held to their schema.
  return { toolChoice: mode === "VALIDATED" ? choice(Mode.AUTO) : undefined, rest: fieldsBeside(wire, noWords) };
}

export function encodeToolChoice(choice: ToolChoice | undefined, crossing: Crossing): JsonObject | undefined {
  if (choice?.opaque) {
    const own = opaqueIn(choice.opaque, dialect);
    if (own) return own;
    throw crossing.cannot("tool_choice", "This `tool_choice`");
  }
  switch (choice?.mode) {
    case Mode.AUTO:
      return { mode: "AUTO" };
    case Mode.NONE:
      return { mode: "NONE" };
    case Mode.REQUIRED:
      return { mode: "ANY" };
    case Mode.NAMED:
      return { mode: "ANY", allowedFunctionNames: [crossing.same ? choice.name : narrowName(choice.name)] };
    default:
      return undefined;
  }
}

const modes: Readonly<Record<string, Mode>> = { AUTO: Mode.AUTO, ANY: Mode.REQUIRED, NONE: Mode.NONE };
const declarationWords = new Set(["name", "description", "parameters", "parametersJsonSchema"]);
const choiceWords = new Set(["mode", "allowedFunctionNames"]);
const noWords = new Set<string>();
