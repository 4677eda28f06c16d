import type { Receipt } from "../gen/pontage/v1/chat_pb.ts";
import { type Choice, FinishReason, type GenerateReply } from "../gen/pontage/v1/generate_pb.ts";
import { decodeParts, type Part, type ToolCallPart } from "./part.ts";
import { Cost, decodeUsage, type TokenUsage } from "./usage.ts";

const finishReasons = {
  [FinishReason.UNSPECIFIED]: "unknown",
  [FinishReason.STOP]: "stop",
  [FinishReason.STOP_SEQUENCE]: "stop-sequence",
  [FinishReason.LENGTH]: "length",
  [FinishReason.CONTEXT_FULL]: "context-full",
  [FinishReason.TOOL_CALLS]: "tool-calls",
  [FinishReason.FILTERED]: "filtered",
  [FinishReason.PAUSED]: "paused",
} as const;

/** Why an answer ended. `tool-calls` means that the model waits for the results of its calls. */
export type Finish = (typeof finishReasons)[keyof typeof finishReasons];

export function decodeFinish(reason: number): Finish {
  return finishReasons[reason as keyof typeof finishReasons] ?? "unknown";
}

/** A turn of the model, ready to be pushed to `messages`. */
export interface AssistantMessage {
  role: "assistant";
  content: Part[];
}

/** One of the answers. */
export interface ChatChoice {
  readonly message: AssistantMessage;
  readonly text: string;
  readonly toolCalls: readonly ToolCallPart[];
  readonly finishReason: Finish;
  /** The provider's own word for why it ended. */
  readonly nativeFinishReason: string;
}

/** A whole answer, however it arrived. */
export class ChatResult {
  /** The id of the call, as in the `x-request-id` header and the ledger. */
  readonly requestId: string;
  /** The provider that answered. */
  readonly provider: string;
  /** The model that answered, as the provider names it. */
  readonly model: string;
  /** The answers; one, unless more were asked for. */
  readonly choices: readonly ChatChoice[];
  /** What was consumed. */
  readonly usage: TokenUsage;
  /** What it cost. */
  readonly cost: Cost;
  /** How many upstream calls were made. */
  readonly attempts: number;
  /**
   * What could not be said in the provider's dialect and was left out, by its path in the request or the answer. Call with
   * `strict: true` to be refused instead, before anything is spent.
   */
  readonly losses: readonly string[];
  /** The answer and its receipt as the gateway sent them. */
  readonly raw: { readonly reply: GenerateReply; readonly receipt: Receipt };

  constructor(reply: GenerateReply, receipt: Receipt, headers: Headers) {
    this.requestId = receipt.requestId || (headers.get("x-request-id") ?? "");
    this.provider = receipt.provider;
    this.model = receipt.model || reply.model;
    this.choices = reply.choices.map(decodeChoice);
    this.usage = decodeUsage(receipt.usage, receipt.usageSource);
    this.cost = new Cost(receipt);
    this.attempts = receipt.attempts;
    this.losses = receipt.losses;
    this.raw = { reply, receipt };
  }

  /** The first answer as a message, to be pushed to `messages` for the next turn. */
  get message(): AssistantMessage {
    return this.choices[0]?.message ?? { role: "assistant", content: [] };
  }

  /** The text of the first answer. */
  get text(): string {
    return this.choices[0]?.text ?? "";
  }

  /** The function calls of the first answer. */
  get toolCalls(): readonly ToolCallPart[] {
    return this.choices[0]?.toolCalls ?? [];
  }

  /** Why the first answer ended. */
  get finishReason(): Finish {
    return this.choices[0]?.finishReason ?? "unknown";
  }

  /** Without `raw`, whose big integers JSON cannot hold. */
  toJSON(): object {
    const { requestId, provider, model, choices, usage, cost, attempts, losses } = this;
    return { requestId, provider, model, choices, usage, cost, attempts, losses };
  }
}

function decodeChoice(choice: Choice): ChatChoice {
  const content = decodeParts(choice.parts);
  return {
    message: { role: "assistant", content },
    text: content.map((part) => (part.type === "text" ? part.text : "")).join(""),
    toolCalls: content.filter((part) => part.type === "tool-call"),
    finishReason: decodeFinish(choice.finishReason),
    nativeFinishReason: choice.nativeFinishReason,
  };
}
