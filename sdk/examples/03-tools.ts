// The model calls a function; its result goes back, and the model answers.
import { type ChatMessage, Pontage } from "@pontage/sdk";

const pontage = new Pontage();
const tools = [
  {
    name: "weather",
    description: "The weather in a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const messages: ChatMessage[] = [{ role: "user", content: "What is the weather in Bonn?" }];

const first = await pontage.chat.create({ model: "sim/tools", messages, tools });
messages.push(first.message);
for (const call of first.toolCalls) {
  console.log(`the model calls ${call.name}(${call.arguments})`);
  messages.push({ role: "tool", toolCallId: call.id, content: JSON.stringify({ degrees: 12, sky: "clear" }) });
}
if (first.toolCalls.length === 0) throw new Error("expected a function call");

const second = await pontage.chat.create({ model: "sim/tools", messages, tools });
console.log(second.text);
