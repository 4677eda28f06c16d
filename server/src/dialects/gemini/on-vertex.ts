import type { JsonObject } from "@bufbuild/protobuf";
import { type HostFields, hosted } from "../hosted.ts";
import { objectIn } from "../wire.ts";
import { requestIn } from "./head.ts";
import { gemini } from "./index.ts";

/**
 * generateContent on Google Vertex AI: a model is not repeated in the body, and what is to be counted is not wrapped.
 * https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens
 */
export const geminiOnVertex = hosted(gemini, {
  fields: (wire, { counting }) => (counting ? counted(wire) : { model: undefined }),
});

const wrappers = ["generateContentRequest", "generate_content_request"];

function counted(wire: JsonObject): HostFields {
  const wrapped = wrappers.some((field) => objectIn(wire[field]));
  const { contents, systemInstruction, tools, generationConfig } = wrapped ? requestIn(wire) : wire;
  return {
    model: undefined,
    ...Object.fromEntries(wrappers.map((field) => [field, undefined])),
    ...(wrapped && { contents, systemInstruction, tools, generationConfig }),
  };
}
