import type { Handmade } from "./handmade.ts";

/** https://docs.cohere.com/reference/chat */
export const handmadeCohere: readonly Handmade[] = [
  {
    dialect: "cohere-chat",
    name: "everything at once",
    request: {
      model: "command-a-03-2025",
      messages: [
        { role: "system", content: [{ type: "text", text: "Be brief." }] },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" } },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
            { type: "new_part", anything: [1, { deep: true }] },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "A picture." },
            { type: "text", text: "Let me look." },
          ],
          tool_plan: "I will look.",
          tool_calls: [{ id: "look_1", type: "function", function: { name: "look", arguments: '{ "at": 1 }' } }],
          citations: [{ start: 0, end: 3, text: "Let", sources: [] }],
        },
        {
          role: "tool",
          tool_call_id: "look_1",
          content: [
            { type: "text", text: "A cat." },
            { type: "document", document: { id: "1", data: { text: "A cat." } } },
          ],
        },
        { role: "critic", content: "Well." },
        { role: "user", content: "Go on" },
      ],
      tools: [
        { type: "function", function: { name: "look", description: "Looks", parameters: { type: "object" }, more: 1 } },
        { type: "other", other: {} },
      ],
      strict_tools: true,
      tool_choice: "REQUIRED",
      documents: ["A cat is an animal.", { id: "2", data: { text: "x" } }],
      citation_options: { mode: "FAST" },
      response_format: { type: "json_object", json_schema: { type: "object" } },
      safety_mode: "STRICT",
      max_tokens: 100,
      stop_sequences: ["END"],
      temperature: 0.3,
      seed: 5,
      frequency_penalty: 0.5,
      presence_penalty: 0.4,
      k: 40,
      p: 0.9,
      logprobs: true,
      thinking: { type: "enabled", token_budget: 500 },
      priority: 3,
      stream: true,
      brand_new: { a: [null, 1] },
    },
  },
  {
    dialect: "cohere-chat",
    name: "a turn with results",
    request: {
      model: "command-a-03-2025",
      messages: [
        { role: "user", content: "Which is warmer?" },
        {
          role: "assistant",
          tool_plan: "I will ask for both.",
          tool_calls: [
            { id: "weather_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
            { id: "weather_2", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
          ],
        },
        { role: "tool", tool_call_id: "weather_1", content: "4 degrees" },
        { role: "tool", tool_call_id: "weather_2", content: "19 degrees" },
      ],
      tools: [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }],
      response_format: { type: "json_object", schema: { type: "object" } },
      thinking: { type: "disabled" },
    },
  },
];
