// One call. PONTAGE_URL and PONTAGE_API_KEY say where and with which key; `npm start` prints both.
import { Pontage } from "@pontage/sdk";

const pontage = new Pontage();
const answer = await pontage.chat.create({
  model: "sim/echo",
  messages: [{ role: "user", content: "Hello" }],
});

console.log(answer.text);
console.log(
  `in ${answer.usage.inputTokens}, out ${answer.usage.outputTokens} tokens, ${answer.cost}, ${answer.requestId}`,
);
