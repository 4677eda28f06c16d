import type { JsonObject } from "@bufbuild/protobuf";
import type { PartInput, ToolCallInput } from "./part.ts";

/** What was said so far. */
export type ChatMessage =
  | {
      role: "system" | "developer" | "user";
      content: string | PartInput | readonly PartInput[];
      name?: string;
    }
  | {
      role: "assistant";
      content?: string | readonly PartInput[] | null;
      /** Calls the model made, when `content` does not hold them already. */
      toolCalls?: readonly Omit<ToolCallInput, "type">[];
      name?: string;
    }
  | {
      /** The answer to a call of a function. */
      role: "tool";
      toolCallId: string;
      content: string | readonly PartInput[];
      isError?: boolean;
    };

/** A function the model may call. */
export interface FunctionTool {
  name: string;
  /** What it does, for the model. */
  description?: string;
  /** JSON Schema of its arguments. */
  parameters?: JsonObject;
  /** Whether the arguments must match the schema exactly. */
  strict?: boolean;
}

/** The shape the answer must have. */
export type ResponseFormat =
  | { type: "text" }
  | { type: "json" }
  | { type: "json-schema"; name: string; schema: JsonObject; description?: string; strict?: boolean };

/** What to generate. */
export interface ChatParams {
  /** `provider/model`, or a bare name that exactly one provider lists. Example: `sim/echo`. */
  model: string;
  /** The conversation so far, oldest first. */
  messages: readonly ChatMessage[];
  /** Functions the model may call. */
  tools?: readonly FunctionTool[];
  /** Whether and which function must be called. */
  toolChoice?: "auto" | "none" | "required" | { name: string };
  /** Whether several calls may be made in one turn. */
  parallelToolCalls?: boolean;
  /** The largest number of tokens to generate, reasoning included. */
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  /** Strings that end the generation. */
  stop?: string | readonly string[];
  /** How many answers to generate. */
  candidateCount?: number;
  seed?: number | bigint;
  presencePenalty?: number;
  frequencyPenalty?: number;
  logprobs?: boolean;
  topLogprobs?: number;
  responseFormat?: ResponseFormat;
  /** How much the model may think. */
  reasoning?: {
    effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | (string & {});
    budgetTokens?: number;
    enabled?: boolean;
  };
  /** An opaque id of the end user, passed to providers that use it against abuse. */
  user?: string;
  /** The dialect the fields of `extra` are written in, for example `openai-chat`. */
  dialect?: string;
  /** Fields of that dialect that Pontage has no word for. */
  extra?: JsonObject;
}
