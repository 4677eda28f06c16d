import type { JsonObject } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import type {
  FinishReason,
  GenerateEvent,
  Opened,
  Part,
  PartGrown,
  ToolCall,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorMessage, type GatewayError } from "./error.ts";
import type { Usage } from "./usage.ts";

/*
 * Constructors of events and parts. They build the messages as literals, which is what `create()` would return, because
 * they run once per token: `create()` walks the descriptor and costs ten times as much.
 */

type Kind = Part["kind"];

export function part(kind: Kind, extra?: JsonObject): Part {
  return { $typeName: "pontage.v1.Part", kind, extra, citations: [] };
}

export function text(value: string, extra?: JsonObject): Part {
  return part({ case: "text", value: { $typeName: "pontage.v1.Text", text: value } }, extra);
}

export function refusal(value: string, extra?: JsonObject): Part {
  return part({ case: "refusal", value: { $typeName: "pontage.v1.Text", text: value } }, extra);
}

export function reasoning(content: { text?: string; signature?: string; redacted?: string }, extra?: JsonObject): Part {
  const { text = "", signature = "", redacted = "" } = content;
  return part({ case: "reasoning", value: { $typeName: "pontage.v1.Reasoning", text, signature, redacted } }, extra);
}

export function toolCall(call: Omit<ToolCall, "$typeName" | "$unknown">, extra?: JsonObject): Part {
  return part({ case: "toolCall", value: { $typeName: "pontage.v1.ToolCall", ...call } }, extra);
}

export function citation(facts: Partial<Omit<Citation, "$typeName" | "$unknown">>): Citation {
  return { $typeName: "pontage.v1.Citation", url: "", title: "", sourceId: "", quote: "", ...facts };
}

function event(step: GenerateEvent["event"]): GenerateEvent {
  return { $typeName: "pontage.v1.GenerateEvent", event: step };
}

export function opened(facts: {
  id: string;
  model: string;
  createTimeSeconds: number;
  dialect: string;
  extra?: JsonObject | undefined;
  usage?: Usage | undefined;
}): GenerateEvent {
  const value: Opened = {
    $typeName: "pontage.v1.Opened",
    ...facts,
    createTimeSeconds: BigInt(facts.createTimeSeconds),
  };
  return event({ case: "opened", value });
}

export function partOpened(choice: number, index: number, part: Part): GenerateEvent {
  return event({ case: "partOpened", value: { $typeName: "pontage.v1.PartOpened", choice, index, part } });
}

export function partGrown(choice: number, index: number, delta: PartGrown["delta"]): GenerateEvent {
  return event({ case: "partGrown", value: { $typeName: "pontage.v1.PartGrown", choice, index, delta } });
}

export function partClosed(choice: number, index: number): GenerateEvent {
  return event({ case: "partClosed", value: { $typeName: "pontage.v1.PartClosed", choice, index } });
}

export function choiceFinished(facts: {
  choice: number;
  finishReason: FinishReason;
  nativeFinishReason?: string;
  stopSequence?: string;
  extra?: JsonObject | undefined;
}): GenerateEvent {
  const { choice, finishReason, nativeFinishReason = "", stopSequence = "", extra } = facts;
  return event({
    case: "choiceFinished",
    value: { $typeName: "pontage.v1.ChoiceFinished", choice, finishReason, nativeFinishReason, stopSequence, extra },
  });
}

export function finished(usage: Usage | undefined, extra?: JsonObject): GenerateEvent {
  return event({ case: "finished", value: { $typeName: "pontage.v1.Finished", usage, extra } });
}

export function failed(error: GatewayError): GenerateEvent {
  return event({ case: "failed", value: { $typeName: "pontage.v1.Failed", error: errorMessage(error) } });
}
