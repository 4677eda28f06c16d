// The vendors' own SDKs against the gateway. Install the one you use: `npm install openai @anthropic-ai/sdk`.
import Anthropic from "@anthropic-ai/sdk";
import { Pontage } from "@pontage/sdk";
import OpenAI from "openai";

const pontage = new Pontage();

const openai = new OpenAI(pontage.openai());
const completion = await openai.chat.completions.create({
  model: "sim/echo",
  messages: [{ role: "user", content: "Hello from the OpenAI SDK" }],
});
console.log(completion.choices[0]?.message.content);

const anthropic = new Anthropic(pontage.anthropic());
const message = await anthropic.messages.create({
  model: "sim/echo",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello from the Anthropic SDK" }],
});
for (const block of message.content) if (block.type === "text") console.log(block.text);
