// The model API of the benchmark: canned answers, chosen by a word in the request. Prints its port.
import http from "node:http";
import { answers } from "./answers.ts";

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const path = request.url ?? "";
    const name = path.endsWith("/messages") ? "anthropic" : path.startsWith("/v1beta/") ? "gemini" : "openai";
    const streamed = body.includes('"stream":true') || path.includes(":stream");
    const count = body.includes("200 chunks") ? 200 : 50;
    if (!streamed) {
      const answer = answers[name].json;
      response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
      response.end(answer);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const frames = answers[name].frames(count);
    let at = 0;
    if (!body.includes("paced")) {
      // Back to back, but each in a packet of its own, as a model sends its tokens.
      const next = () => {
        if (at === frames.length) return void response.end();
        response.write(frames[at++]);
        setImmediate(next);
      };
      next();
      return;
    }
    const timer = setInterval(() => {
      response.write(frames[at++]);
      if (at < frames.length) return;
      clearInterval(timer);
      response.end();
    }, 10);
    response.on("close", () => clearInterval(timer));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
