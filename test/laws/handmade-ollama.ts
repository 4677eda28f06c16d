import type { Handmade } from "./handmade.ts";

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion */
export const handmadeOllama: readonly Handmade[] = [
  {
    dialect: "ollama-chat",
    name: "everything at once",
    request: {
      model: "qwen3",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is this?", images: ["iVBORw0KGgo=", "/9j/4AA="] },
        {
          role: "assistant",
          content: "Let me look.",
          thinking: "Pictures.",
          tool_calls: [
            { id: "call_1", function: { name: "look", arguments: { at: 1 } } },
            { function: { name: "look", arguments: { at: 2 } }, unknown_field: 1 },
            { function: { name: "list", arguments: {} } },
          ],
          unknown_field: 1,
        },
        { role: "tool", content: "A cat.", tool_name: "look", tool_call_id: "call_1" },
        { role: "tool", content: "1, 2", tool_name: "list" },
        { role: "tool", content: "A dog." },
        { role: "critic", content: "Well." },
        { role: "user", content: "Go on" },
      ],
      tools: [
        {
          type: "function",
          function: { name: "look", description: "Looks", parameters: { type: "object" }, more: 1 },
        },
        { type: "other", function: { name: "free" } },
      ],
      format: { type: "object", properties: { a: { type: "string" } } },
      think: "high",
      logprobs: true,
      top_logprobs: 3,
      options: {
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        min_p: 0.1,
        num_predict: 100,
        num_ctx: 8192,
        stop: ["END"],
        seed: -5,
        presence_penalty: -1,
        frequency_penalty: 0.5,
        repeat_penalty: 1.1,
      },
      keep_alive: "10m",
      stream: true,
      truncate: false,
      brand_new: { a: [null, 1] },
    },
  },
  {
    dialect: "ollama-chat",
    name: "a turn with results",
    request: {
      model: "qwen3",
      messages: [
        { role: "user", content: "Which of the two is warmer?" },
        {
          role: "assistant",
          content: "",
          thinking: "I ask for both.",
          tool_calls: [
            { function: { index: 0, name: "weather", arguments: { city: "Oslo" } } },
            { function: { index: 1, name: "weather", arguments: { city: "Rome" } } },
          ],
        },
        { role: "tool", content: "4 degrees", tool_name: "weather" },
        { role: "tool", content: "19 degrees", tool_name: "weather" },
      ],
      tools: [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }],
      think: true,
      options: { num_predict: -1, num_ctx: 4096 },
      stream: false,
    },
  },
  {
    dialect: "ollama-chat",
    name: "any JSON without thoughts",
    request: {
      model: "qwen3",
      messages: [{ role: "user", content: "As JSON: one", images: ["iVBORw0KGgo="] }],
      format: "json",
      think: false,
      stream: true,
    },
  },
];
