// An answer as it grows, and the whole of it at the end. It is one call.
import { Pontage } from "@pontage/sdk";

const pontage = new Pontage();
const stream = pontage.chat.stream({
  model: "sim/echo",
  messages: [{ role: "user", content: "Tell me about bridges." }],
});

for await (const part of stream) {
  if (part.type === "text") process.stdout.write(part.text);
}
const message = await stream.finalMessage();
console.log(`\nended with "${message.finishReason}", cost ${message.cost}`);

// Leaving the loop early cancels the model's work: nobody pays for words that nobody reads.
for await (const part of pontage.chat.stream({ model: "sim/lorem", messages: [{ role: "user", content: "Go on" }] })) {
  if (part.type === "text") break;
}
console.log("left the second answer after its first word");
