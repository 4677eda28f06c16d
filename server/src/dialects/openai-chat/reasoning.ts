import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { reasoning } from "../../canonical/events.ts";
import { spelling, takeSpelling } from "../crossing.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";

/*
 * Reasoning on the chat wire. The text is `reasoning_content` (DeepSeek, xAI, vLLM) or `reasoning` (Groq, Ollama,
 * OpenRouter). Chat itself has no place for signatures and encrypted thoughts, so they travel in `reasoning_details`, in
 * the form OpenRouter gave it and many clients already send back:
 *
 *   [{ "type": "reasoning.text", "text": "...", "signature": "...", "format": "anthropic-claude-v1", "index": 0 },
 *    { "type": "reasoning.encrypted", "data": "...", "format": "anthropic-claude-v1", "index": 1 }]
 *
 * `format` says who signed. Details of other formats are no use to another vendor and stay as they came.
 */
const format = "anthropic-claude-v1";

type Content = { text: string; signature: string; redacted: string };

/** The reasoning parts of an assistant message, of a request or an answer. */
export function decodeReasoning(message: JsonObject): Part[] {
  const spelt = stringIn(message.reasoning_content) ? "reasoning_content" : "reasoning";
  const words = stringIn(message[spelt]) ?? "";
  const details = listIn(message.reasoning_details) ?? [];
  const signed = signedDetails(details);
  const foreign = signed === undefined;
  // Kept whole where not every detail is understood, so that the same dialect gets back what it gave.
  const extra: JsonObject = foreign ? { reasoning_details: details } : {};
  if (spelt === "reasoning" && words !== "") extra[spelling] = spelt;
  const kept = Object.keys(extra).length > 0 ? extra : undefined;
  if (signed && signed.length > 0) return signed.map((content) => reasoning(content, kept));
  return words === "" && !foreign ? [] : [reasoning({ text: words }, kept)];
}

/** The details as parts; undefined when one of them is not understood, as an order with holes in it would be worthless. */
export function signedDetails(details: readonly JsonValue[]): Content[] | undefined {
  const objects = details.map((detail) => objectIn(detail) ?? {});
  const signed = objects.filter((detail) => detail.format === format).flatMap(decodeDetail);
  return signed.length < details.length ? undefined : signed;
}

function decodeDetail(detail: JsonObject): Content[] {
  const signature = stringIn(detail.signature) ?? "";
  const redacted = stringIn(detail.data) ?? "";
  if (detail.type === "reasoning.text") return [{ text: stringIn(detail.text) ?? "", signature, redacted: "" }];
  return detail.type === "reasoning.encrypted" && redacted !== "" ? [{ text: "", signature, redacted }] : [];
}

/** The fields of an assistant message that say these parts. */
export function encodeReasoning(parts: readonly Part[]): JsonObject {
  const wire: JsonObject = {};
  const contents = parts.flatMap(({ kind }) => (kind.case === "reasoning" ? [kind.value] : []));
  if (contents.length === 0) return wire;
  const extra = parts.find(({ kind }) => kind.case === "reasoning")?.extra;
  const { spelt } = takeSpelling(extra);
  const words = contents.map(({ text }) => text).join("");
  if (words !== "") wire[spelt === "reasoning" ? "reasoning" : "reasoning_content"] = words;
  const details = encodeDetails(contents, 0);
  if (details.length > 0) wire.reasoning_details = details;
  else if (Array.isArray(extra?.reasoning_details)) wire.reasoning_details = extra.reasoning_details;
  return wire;
}

/** The details for thoughts that are signed or encrypted; none when no thought is, as then there is nothing to keep. */
export function encodeDetails(contents: readonly Content[], firstIndex: number): JsonObject[] {
  if (contents.every(({ signature, redacted }) => signature === "" && redacted === "")) return [];
  return contents.map(({ text, signature, redacted }, at): JsonObject => {
    const index = firstIndex + at;
    if (redacted !== "") return { type: "reasoning.encrypted", data: redacted, format, index };
    return { type: "reasoning.text", text, signature: signature === "" ? null : signature, format, index };
  });
}
