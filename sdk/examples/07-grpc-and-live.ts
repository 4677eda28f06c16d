// gRPC instead of fetch, and the calls that cross the gate as they happen. Needs PONTAGE_ADMIN_TOKEN.
import { Pontage } from "@pontage/sdk";
import { nodeTransport } from "@pontage/sdk/node";

const pontage = new Pontage({ transport: nodeTransport({ protocol: "grpc" }) });
const models = await pontage.models.list().toArray();
console.log(`${models.length} models, for example ${models[0]?.id}`);
const answer = await pontage.chat.create({ model: "sim/echo", messages: [{ role: "user", content: "Hello, gRPC" }] });

// A watch reconnects by itself and says how many calls it missed.
for await (const news of pontage.requests.watch()) {
  if (news.type === "gap") console.log(`${news.missed} calls not shown`);
  else
    console.log(`${news.request.status} ${news.request.provider}/${news.request.model} ${news.request.durationMs} ms`);
  if (news.type === "request" && news.request.id === answer.requestId) break;
}
