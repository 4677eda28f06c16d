import type { JsonObject } from "@bufbuild/protobuf";
import type { Address, RequestChange, RequestHead } from "../dialect.ts";
import { checkFields, countIn, type FieldTypes, invalid, objectIn, objectsIn, required, stringIn } from "../wire.ts";
import { asList, inCamelCase } from "./field-names.ts";

/** The fields of a request that are known, with their types. Others pass unread within the dialect. */
const requestFields: FieldTypes = {
  model: "string",
  contents: "object or list",
  systemInstruction: "object",
  generationConfig: "object",
  tools: "object or list",
  toolConfig: "object",
  safetySettings: "list",
  cachedContent: "string",
  labels: "object",
};

const configFields: FieldTypes = {
  temperature: "amount",
  topP: "amount",
  topK: "amount",
  candidateCount: "count",
  maxOutputTokens: "count",
  stopSequences: "list",
  seed: "integer",
  presencePenalty: "number",
  frequencyPenalty: "number",
  responseLogprobs: "boolean",
  logprobs: "count",
  responseMimeType: "string",
  responseSchema: "object",
  responseJsonSchema: "object",
  responseModalities: "list",
  thinkingConfig: "object",
};

/** What is asked, with its names in camelCase. Who asks for tokens to be counted may wrap it. */
export function requestIn(wire: JsonObject): JsonObject {
  const request = inCamelCase(wire);
  if (request.generateContentRequest === undefined || request.generateContentRequest === null) return request;
  checkFields(request, { generateContentRequest: "object" });
  return inCamelCase(request.generateContentRequest as JsonObject, "generateContentRequest");
}

export function readHead(wire: JsonObject, address: Address = {}): RequestHead {
  const request = requestIn(wire);
  checkFields(request, requestFields);
  checkContents(request);
  checkSystem(request);
  checkTools(request);
  const config = configIn(request);
  return {
    model: modelOf(request, address),
    stream: address.stream ?? false,
    // Usage is part of every answer here.
    showUsage: true,
    maxOutputTokens: countIn(config.maxOutputTokens),
  };
}

/** `generationConfig` with its names in camelCase, checked. */
export function configIn(request: JsonObject): JsonObject {
  const path = "generationConfig";
  const config = inCamelCase(objectIn(request.generationConfig) ?? {}, path);
  checkFields(config, configFields, path);
  for (const [at, stop] of ((config.stopSequences ?? []) as unknown[]).entries()) {
    const stopPath = `${path}.stopSequences[${at}]`;
    if (typeof stop !== "string") throw invalid(stopPath, `\`${stopPath}\` must be a string.`);
  }
  return config;
}

/** The path says it. A body may repeat it, but two readers must not see two models. */
export function modelOf(request: JsonObject, { model }: Address, path = "model"): string {
  const repeated = stringIn(request.model);
  if (model === undefined) return bareModel(repeated ?? "");
  if (model === "") throw invalid("model", "The path names no model: /v1beta/models/MODEL:generateContent");
  if (repeated && bareModel(repeated) !== bareModel(model)) {
    throw invalid(path, `\`${path}\` is \`${repeated}\` in the body and \`${model}\` in the path.`);
  }
  return bareModel(model);
}

/** `models/x` is the name of the resource, `x` that of the model. */
export function bareModel(name: string): string {
  return name.startsWith("models/") ? name.slice("models/".length) : name;
}

function checkContents(request: JsonObject): void {
  required(request.contents, "contents");
  const contents = objectsIn(asList(request.contents), "contents");
  if (contents.length === 0) throw invalid("contents", "`contents` is empty. It needs at least one content.");
  for (const [at, content] of contents.entries()) {
    const path = `contents[${at}]`;
    checkFields(content, { role: "string", parts: "object or list" }, path);
    objectsIn(asList(content.parts), `${path}.parts`);
  }
}

function checkSystem(request: JsonObject): void {
  const system = objectIn(request.systemInstruction);
  if (system === undefined) return;
  checkFields(system, { parts: "object or list" }, "systemInstruction");
  objectsIn(asList(system.parts), "systemInstruction.parts");
}

function checkTools(request: JsonObject): void {
  for (const [at, tool] of objectsIn(asList(request.tools), "tools").entries()) {
    const path = `tools[${at}]`;
    const { functionDeclarations } = inCamelCase(tool, path);
    objectsIn(asList(functionDeclarations), `${path}.functionDeclarations`);
  }
}

/** What changes when a request goes on to an upstream of the same dialect: the model, where the body repeats it. */
export function edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  const changed = new Map<string, string>();
  const model = `models/${bareModel(change.model)}`;
  if (typeof wire.model === "string" && wire.model !== model) changed.set("model", JSON.stringify(model));
  for (const field of ["generateContentRequest", "generate_content_request"]) {
    const wrapped = objectIn(wire[field]);
    if (typeof wrapped?.model === "string" && wrapped.model !== model) {
      changed.set(field, JSON.stringify({ ...wrapped, model }));
    }
  }
  return changed;
}
