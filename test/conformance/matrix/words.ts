import type { Fragment } from "./feature.ts";

/* What several features of requests have in common. */

/** They do not know the role `developer`. */
export const profiles = ["mistral", "deepseek", "openrouter", "vllm"];

export const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const args = { city: "Bonn" };
export const text = JSON.stringify(args);

export const chatTools = [
  { type: "function", function: { name: "weather", description: "Tells it.", parameters: city } },
];
export const responsesTools = [{ type: "function", name: "weather", description: "Tells it.", parameters: city }];
export const messagesTools = [{ name: "weather", description: "Tells it.", input_schema: city }];
export const geminiTools = [
  { functionDeclarations: [{ name: "weather", description: "Tells it.", parametersJsonSchema: city }] },
];
export const converseTools = [{ toolSpec: { name: "weather", description: "Tells it.", inputSchema: { json: city } } }];
export const ownTools = [{ name: "weather", description: "Tells it.", parameters: city }];

export const user = (parts: Fragment[]) => [{ role: "ROLE_USER", parts }];
export const hello = { text: { text: "Hello" } };
