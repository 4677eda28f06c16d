import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  type ResponseFormat,
  ResponseFormatSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { setField } from "../../canonical/extra.ts";
import { spelling } from "../crossing.ts";
import type { Address } from "../dialect.ts";
import { opaqueOf } from "../opaque.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  fieldsBeside,
  invalid,
  numberIn,
  objectIn,
  objectsIn,
  stringIn,
} from "../wire.ts";
import { inventedCallId } from "./call-id.ts";
import { asList, inCamelCase } from "./field-names.ts";
import { configIn, readHead, requestIn } from "./head.ts";
import { type CallIds, decodePart } from "./parts.ts";
import { jsonSchemaOf } from "./schema.ts";
import { decodeThinking } from "./thinking.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

const dialect = "gemini";

export function decodeRequest(wire: JsonObject, address: Address = {}): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire, address);
  const request = requestIn(wire);
  const config = configIn(request);
  const toolConfig = inCamelCase(objectIn(request.toolConfig) ?? {}, "toolConfig");
  checkFields(toolConfig, { functionCallingConfig: "object" }, "toolConfig");
  const calling = inCamelCase(objectIn(toolConfig.functionCallingConfig) ?? {}, "toolConfig.functionCallingConfig");
  const choice = decodeToolChoice(calling);
  const thinking = inCamelCase(objectIn(config.thinkingConfig) ?? {}, "generationConfig.thinkingConfig");
  const format = decodeFormat(config);
  return create(GenerateRequestSchema, {
    model,
    messages: [...decodeSystem(request), ...decodeContents(request)],
    tools: decodeTools(request.tools),
    toolChoice: choice.toolChoice,
    maxOutputTokens,
    temperature: numberIn(config.temperature),
    topP: numberIn(config.topP),
    topK: countIn(config.topK),
    stop: (config.stopSequences ?? []) as string[],
    candidateCount: countIn(config.candidateCount),
    seed: typeof config.seed === "number" ? BigInt(config.seed) : undefined,
    presencePenalty: numberIn(config.presencePenalty),
    frequencyPenalty: numberIn(config.frequencyPenalty),
    logprobs: booleanIn(config.responseLogprobs),
    topLogprobs: countIn(config.logprobs),
    responseFormat: format,
    reasoning: decodeThinking(thinking),
    dialect,
    extra: extraOf(request, config, toolConfig, choice.rest),
  });
}

/** Fields without a canonical word. Those of objects inside are named with their path, and so can have fates of their own. */
function extraOf(
  request: JsonObject,
  config: JsonObject,
  toolConfig: JsonObject,
  calling: JsonObject | undefined,
): JsonObject | undefined {
  const extra = fieldsBeside(request, requestWords) ?? {};
  const nested = (path: string, fields: JsonObject | undefined) => {
    for (const [field, value] of Object.entries(fields ?? {})) setField(extra, `${path}.${field}`, value);
  };
  nested("generationConfig", fieldsBeside(config, configWords));
  nested("toolConfig", fieldsBeside(toolConfig, toolConfigWords));
  if (calling) extra["toolConfig.functionCallingConfig"] = calling;
  if (config.topK && countIn(config.topK) === undefined) extra["generationConfig.topK"] = config.topK;
  if (objectIn(request.generationConfig) && Object.keys(config).length === 0) extra.generationConfig = {};
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function decodeSystem(request: JsonObject): Message[] {
  const said = objectIn(request.systemInstruction);
  if (said === undefined) return [];
  const ids: CallIds = { ofCall: () => "", ofResult: () => "" };
  const parts = objectsIn(asList(said.parts), "systemInstruction.parts").map((part, at) =>
    decodePart(part, `systemInstruction.parts[${at}]`, ids),
  );
  return [{ ...message(Role.SYSTEM, parts), extra: besides(said, undefined) }];
}

function decodeContents(request: JsonObject): Message[] {
  /** Calls of the last turn that made some, and whether they have been answered. */
  let open: { readonly id: string; readonly name: string; answered: boolean }[] = [];
  /** The library keeps a streamed turn as it came, one content for each chunk: calls of one turn may stand in several. */
  let goesOn = false;
  return objectsIn(asList(request.contents), "contents").map((content, index) => {
    const path = `contents[${index}]`;
    const said = stringIn(content.role);
    const role = roles[said ?? ""];
    if (role === undefined || (said !== undefined && !Object.hasOwn(roles, said))) {
      throw invalid(`${path}.role`, `\`${path}.role\` must be one of user, model, function.`);
    }
    let made = 0;
    const calls: typeof open = [];
    const ids: CallIds = {
      ofCall: () => inventedCallId(index, made++),
      ofResult(name) {
        const call = open.find((one) => one.name === name && !one.answered);
        return call?.id ?? inventedCallId(index, made++);
      },
    };
    const parts = objectsIn(asList(content.parts), `${path}.parts`).map((part, at) => {
      const decoded = decodePart(part, `${path}.parts[${at}]`, ids);
      const { kind } = decoded;
      if (kind.case === "toolCall") calls.push({ id: kind.value.id, name: kind.value.name, answered: false });
      if (kind.case === "toolResult") {
        const call = open.find((one) => one.id === kind.value.toolCallId && !one.answered);
        if (call) call.answered = true;
      }
      return decoded;
    });
    if (calls.length > 0) open = goesOn ? [...open, ...calls] : calls;
    goesOn = role === Role.ASSISTANT && (goesOn || calls.length > 0);
    const usual = role === Role.ASSISTANT ? "model" : "user";
    return { ...message(role, parts), extra: besides(content, usual) };
  });
}

/** The fields of a content beside its parts; its role where it is not the `usual` one for who speaks. */
function besides(content: JsonObject, usual: string | undefined): JsonObject | undefined {
  const extra = fieldsBeside(content, contentWords);
  const role = stringIn(content.role) ?? "";
  return role === (usual ?? "") ? extra : { ...extra, [spelling]: role };
}

function message(role: Role, parts: Message["parts"]): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare: false };
}

function decodeFormat(config: JsonObject): ResponseFormat | undefined {
  const { responseMimeType: mime, responseSchema, responseJsonSchema } = config;
  const own = objectIn(responseSchema);
  const schema = objectIn(responseJsonSchema) ?? (own && jsonSchemaOf(own));
  if (mime === undefined || mime === null) {
    return schema && format({ case: "opaque", value: opaqueOf(dialect, schemaFields(config)) });
  }
  if (mime === "text/plain" && schema === undefined) return format({ case: "text", value: {} });
  if (mime !== "application/json") {
    return format({ case: "opaque", value: opaqueOf(dialect, { responseMimeType: mime, ...schemaFields(config) }) });
  }
  if (schema === undefined) return format({ case: "json", value: {} });
  return format({ case: "jsonSchema", value: { schema } });
}

type FormatKind = NonNullable<Parameters<typeof create<typeof ResponseFormatSchema>>[1]>["kind"];

function format(kind: FormatKind): ResponseFormat {
  return create(ResponseFormatSchema, { kind: kind! });
}

function schemaFields(config: JsonObject): JsonObject {
  const fields: Record<string, JsonValue | undefined> = {
    responseSchema: config.responseSchema,
    responseJsonSchema: config.responseJsonSchema,
  };
  return JSON.parse(JSON.stringify(fields)) as JsonObject;
}

/** Without a role it is the user who speaks; `function` is an older word for who brings results. */
const roles: Readonly<Record<string, Role>> = {
  "": Role.USER,
  user: Role.USER,
  function: Role.USER,
  model: Role.ASSISTANT,
};

const requestWords = new Set(["model", "contents", "systemInstruction", "generationConfig", "tools", "toolConfig"]);
const contentWords = new Set(["role", "parts"]);
const toolConfigWords = new Set(["functionCallingConfig"]);
/** `thinkingConfig` and `responseSchema` are kept as they were said. */
const configWords = new Set([
  "temperature",
  "topP",
  "topK",
  "candidateCount",
  "maxOutputTokens",
  "stopSequences",
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "responseLogprobs",
  "logprobs",
  "responseMimeType",
  "responseJsonSchema",
]);
