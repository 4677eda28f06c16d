import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { numberOf, type Plan, planOf } from "./plan.ts";

/** An upstream that speaks the OpenAI dialect and writes down every request that reaches it. */
export interface Upstream {
  readonly url: string;
  /** How many requests arrived, by number. */
  readonly received: ReadonlyMap<number, number>;
  close(): Promise<void>;
}

export async function startUpstream(seed: number): Promise<Upstream> {
  const received = new Map<number, number>();
  const server = http.createServer(async (request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    let text = "";
    try {
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
    } catch {
      return; // its sender was killed in the middle of it
    }
    const body = JSON.parse(text) as { model: string; stream?: boolean };
    const number = numberOf(body.model);
    received.set(number, (received.get(number) ?? 0) + 1);
    const plan = planOf(seed, number);
    if (plan.manner === "reset") return void response.destroy();
    if (plan.manner === "error")
      return sendJson(response, 500, { error: { message: "on purpose", type: "server_error" } });
    if (body.stream) await sendStream(response, body.model, plan);
    else await sendWhole(response, body.model, plan);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function sendStream(response: http.ServerResponse, model: string, plan: Plan): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const frames = [
    ...Array.from({ length: plan.words }, (_, i) => chunkOf(model, [choice({ content: `word${i} ` }, null)])),
    chunkOf(model, [choice({}, "stop")]),
    ...(plan.manner === "silent" ? [] : [chunkOf(model, [], wireUsage(plan))]),
    "data: [DONE]\n\n",
  ];
  const shown = plan.manner === "cut" ? frames.slice(0, plan.words >> 1) : frames;
  for (const frame of shown) {
    if (plan.manner === "slow") await sleep(plan.pauseMs);
    if (response.destroyed) return;
    response.write(frame);
  }
  if (plan.manner === "cut" && plan.words % 2 === 0) response.destroy();
  else response.end();
}

async function sendWhole(response: http.ServerResponse, model: string, plan: Plan): Promise<void> {
  if (plan.manner === "slow") await sleep(plan.pauseMs * plan.words);
  const answer = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(plan.words) }, finish_reason: "stop" }],
    ...(plan.manner === "silent" ? {} : { usage: wireUsage(plan) }),
  };
  if (plan.manner !== "cut") return sendJson(response, 200, answer);
  const body = JSON.stringify(answer);
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.write(body.slice(0, body.length >> 1), () => response.destroy());
}

function sendJson(response: http.ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function choice(delta: object, finishReason: string | null) {
  return { index: 0, delta, finish_reason: finishReason };
}

function chunkOf(model: string, choices: object[], usage?: object): string {
  const chunk = {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model,
    choices,
    ...(usage && { usage }),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function wireUsage(plan: Plan) {
  return {
    prompt_tokens: plan.promptTokens,
    completion_tokens: plan.completionTokens,
    total_tokens: plan.promptTokens + plan.completionTokens,
    prompt_tokens_details: { cached_tokens: plan.cachedTokens },
    completion_tokens_details: { reasoning_tokens: plan.reasoningTokens },
  };
}
