import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError } from "../../canonical/error.ts";
import { choiceFinished, finished, opened, partClosed, partOpened, toolCall } from "../../canonical/events.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { openaiResponses } from "./index.ts";

/* What the tests of this dialect share: requests on their way to and from others, and streams of few events. */

export const hello: JsonObject = { model: "m", input: "Hello" };

/** A request of one dialect as another says it. */
export function cross(from: Dialect, to: Dialect, wire: JsonObject, model = "claude-haiku-4-5") {
  const losses = new LossReport();
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: to.request.encode(from.request.decode(wire), options), lost: losses.paths };
}

export const toChat = (wire: JsonObject) => cross(openaiResponses, openaiChat, { ...hello, ...wire });
export const toMessages = (wire: JsonObject) => cross(openaiResponses, anthropicMessages, { ...hello, ...wire });
export const fromChat = (wire: JsonObject) => cross(openaiChat, openaiResponses, { ...chatHello, ...wire });
export const chatHello: JsonObject = { model: "m", messages: [{ role: "user", content: "Hello" }] };

export function thrown(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

export const context = () => ({
  showUsage: true,
  model: "m",
  id: "req_1",
  createTimeSeconds: 7,
  losses: new LossReport(),
});

export function encode(events: readonly GenerateEvent[], to: Dialect = openaiResponses): JsonObject[] {
  const encoder = to.stream.encoder(context());
  return events.flatMap((event) => encoder.push(event)).map(({ data }) => JSON.parse(data) as JsonObject);
}

/** Events of the wire as they come from a provider. */
export function decode(wires: readonly JsonObject[]): GenerateEvent[] {
  const decoder = openaiResponses.stream.decoder();
  const frames = wires.map((wire) => ({ event: `${wire.type}`, data: JSON.stringify(wire) }));
  return [...frames.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

export function partsOf(events: readonly GenerateEvent[]): Part[] {
  return fold(events).choices[0]?.parts ?? [];
}

export const begin = opened({ id: "msg_1", model: "claude", createTimeSeconds: 0, dialect: "anthropic-messages" });
export const end = (finishReason: FinishReason = FinishReason.STOP) => [
  choiceFinished({ choice: 0, finishReason }),
  finished(undefined),
];
export const whole = (at: number, part: Part) => [partOpened(0, at, part), partClosed(0, at)];
export const call = (id: string, args: string) => toolCall({ id, name: "look", arguments: args });
