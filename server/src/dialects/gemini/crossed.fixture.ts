import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError } from "../../canonical/error.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { gemini } from "./index.ts";

/** What a request became, and what was lost on the way. */
export interface Crossed {
  readonly wire: JsonObject;
  readonly lost: readonly string[];
}

export function cross(from: Dialect, to: Dialect, wire: JsonObject, model: string): Crossed {
  const losses = new LossReport();
  const request = from.request.decode(wire, { model: "m" });
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: to.request.encode(request, options), lost: losses.paths };
}

/** A chat request as Gemini says it. */
export function fromChat(wire: JsonObject, model = "gemini-2.5-flash"): Crossed {
  const messages = [{ role: "user", content: "Hello" }];
  return cross(openaiChat, gemini, { model: "m", messages, ...wire }, model);
}

/** A Messages request as Gemini says it. */
export function fromMessages(wire: JsonObject, model = "gemini-2.5-flash"): Crossed {
  const messages = [{ role: "user", content: "Hello" }];
  return cross(anthropicMessages, gemini, { model: "m", max_tokens: 4000, messages, ...wire }, model);
}

export const contents = [{ role: "user", parts: [{ text: "Hello" }] }];

/** A Gemini request as chat says it. */
export function toChat(wire: JsonObject): Crossed {
  return cross(gemini, openaiChat, { contents, ...wire }, "gpt-5");
}

export function refusalOf(act: () => unknown): GatewayError {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

export const call = (id: string, args = "{}", more: JsonObject = {}) => ({
  id,
  type: "function",
  function: { name: "f", arguments: args },
  ...more,
});
export const tools = [{ type: "function", function: { name: "f" } }];
export const called = (calls: JsonObject[]): JsonObject[] => [
  { role: "user", content: "Hello" },
  { role: "assistant", tool_calls: calls },
  ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id!, content: `of ${String(id)}` })),
];
export const configOf = ({ wire }: Crossed) => wire.generationConfig as JsonObject | undefined;
export const partsOf = ({ wire }: Crossed, at: number) => (wire.contents as { parts: JsonObject[] }[])[at]!.parts;
