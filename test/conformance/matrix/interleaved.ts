import type { DialectId } from "../../../server/src/dialects/dialect.ts";
import type { Json } from "../fields/shape.ts";
import type { Script } from "./gate.ts";

/*
 * Two calls whose arguments come in turns, as the vendors' streams allow it. What comes of it is what `parallel tool calls`
 * says.
 */

const halves = ['{"city"', ':"Bonn"}'] as const;
const ids = ["call_a1", "call_b2"] as const;

const events = (wires: readonly { [field: string]: Json }[], named: boolean): Script => ({
  contentType: "text/event-stream",
  pieces: wires.map((wire) => `${named ? `event: ${wire.type}\n` : ""}data: ${JSON.stringify(wire)}\n\n`),
});

const chunk = (delta: Json, finish: Json = null) => ({
  ...{ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" },
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const chat = events(
  [
    chunk({ role: "assistant", content: null }),
    ...ids.map((id, index) =>
      chunk({ tool_calls: [{ index, id, type: "function", function: { name: "weather", arguments: "" } }] }),
    ),
    ...halves.flatMap((half) =>
      ids.map((_, index) => chunk({ tool_calls: [{ index, function: { arguments: half } }] })),
    ),
    chunk({}, "tool_calls"),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } },
  ],
  false,
);

const response = { id: "resp_1", object: "response", created_at: 1, model: "m" };
const item = (index: number, whole: boolean) => ({
  ...{ type: "function_call", id: `fc_${ids[index]}`, call_id: ids[index]!, name: "weather" },
  ...(whole ? { status: "completed", arguments: halves.join("") } : { status: "in_progress", arguments: "" }),
});
const responses = events(
  [
    { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
    ...ids.map((_, index) => ({ type: "response.output_item.added", output_index: index, item: item(index, false) })),
    ...halves.flatMap((delta) =>
      ids.map((id, index) => ({
        ...{ type: "response.function_call_arguments.delta", output_index: index, item_id: `fc_${id}`, delta },
      })),
    ),
    ...ids.map((_, index) => ({ type: "response.output_item.done", output_index: index, item: item(index, true) })),
    {
      type: "response.completed",
      response: {
        ...{ ...response, status: "completed", output: ids.map((_, index) => item(index, true)) },
        usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
      },
    },
  ],
  true,
);

/** By the upstream's dialect. The others write one call after the other. */
export const interleaved: Partial<Record<DialectId, Script>> = {
  "openai-chat": { ...chat, pieces: [...chat.pieces, "data: [DONE]\n\n"] },
  "openai-responses": responses,
};
