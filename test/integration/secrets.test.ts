import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { providerOf, startTestGateway, type TestGateway, upstreamSecret } from "../gateway/gateway.ts";
import { type Behaviour, type Exchange, type Simulator, sendJson, startSimulator } from "../simulators/simulator.ts";
import { doors, framesIn, HttpClient, jsonOf } from "./doors.ts";
import { poem } from "./scene.ts";

/*
 * X4: a provider may quote the key it refuses, wherever it can say something. Its words are told; the operator's secrets in
 * them are not.
 */

/** JSON writes it otherwise than it is. */
const headerSecret = 'said "open\\sesame" and went in';
const quoting = `Refused: ${upstreamSecret} with ${headerSecret}. Find yours in the console.`;
const told = "Refused: [removed] with [removed]. Find yours in the console.";

/** An error with the secrets in its words, and in a field that no dialect knows. */
function errorBody({ speech }: Exchange): object {
  const body = speech.error(400, quoting) as { error: object };
  return { ...body, error: { ...body.error, metadata: { raw: quoting } } };
}

function errorFrame(exchange: Exchange): string {
  const event = exchange.speech.dialect === "anthropic-messages" ? "event: error\n" : "";
  return `${event}data: ${JSON.stringify(errorBody(exchange))}\n\n`;
}

const eventStream = { "content-type": "text/event-stream" };

/** Where an upstream can say it, and for which kind of call. */
const places: readonly { what: string; stream: boolean; shown: boolean; behaviour: Behaviour }[] = [
  ...[false, true].map((stream) => ({
    what: "an answer with an error's status",
    stream,
    shown: false,
    behaviour: (exchange: Exchange) => sendJson(exchange.response, 401, errorBody(exchange)),
  })),
  {
    what: "text of a proxy, too long to be told whole",
    stream: false,
    shown: false,
    behaviour: ({ response }) => {
      response.writeHead(400, { "content-type": "text/plain" });
      response.end(`${"x".repeat(490 - told.length)} ${quoting}`);
    },
  },
  {
    what: "an answer with status 200",
    stream: false,
    shown: false,
    behaviour: (exchange) => sendJson(exchange.response, 200, errorBody(exchange)),
  },
  {
    what: "an answer with status 200 and usage",
    stream: false,
    shown: false,
    behaviour: (exchange) => {
      const whole = exchange.speech.whole({ text: poem }, exchange.wire);
      sendJson(exchange.response, 200, { ...whole, ...errorBody(exchange) });
    },
  },
  {
    what: "the first event of a stream",
    stream: true,
    shown: false,
    behaviour: (exchange) => {
      exchange.response.writeHead(200, eventStream);
      exchange.response.end(errorFrame(exchange));
    },
  },
  {
    what: "an event in the middle of a stream",
    stream: true,
    shown: true,
    behaviour: (exchange) => {
      const frames = exchange.speech.frames({ text: poem }, exchange.wire);
      exchange.response.writeHead(200, eventStream);
      // In one piece with what goes before and after it.
      exchange.response.end([...frames.slice(0, 6), errorFrame(exchange), ...frames.slice(6, 7)].join(""));
    },
  },
];

let gateway: TestGateway;
let client: HttpClient;
/** The upstreams whose dialect a simulator tells errors in as this test wants them told. */
const upstreamNames = ["chat", "messages"] as const;
const simulators = new Map<string, Simulator>();
beforeAll(async () => {
  simulators.set("chat", await startSimulator("openai-chat"));
  simulators.set("messages", await startSimulator("anthropic-messages"));
  const more = { headers: { "x-proxy-password": headerSecret } };
  gateway = await startTestGateway({
    providers: [...simulators].map(([name, simulator]) => providerOf(name, simulator, more)),
  });
  client = new HttpClient(gateway);
});
afterAll(async () => {
  await client.close();
  await gateway.stop();
  for (const simulator of simulators.values()) await simulator.close();
});

function expectNoSecret(text: string): void {
  expect(text).not.toContain(upstreamSecret);
  expect(text).not.toContain("sesame");
}

for (const name of upstreamNames) {
  describe(`${name} upstream`, () => {
    for (const { what, stream, shown, behaviour } of places) {
      for (const door of doors) {
        test(`X4: ${door.dialect} client: secrets in ${what}${stream ? ", streamed" : ""}`, async () => {
          const own = simulators.get(name)!.model(behaviour);
          const answer = await client.call(door, `${name}/${own}`, stream);
          const text = answer.body.toString("utf8");
          expectNoSecret(text);
          if (shown) {
            expect(answer.status).toBe(200);
            const frames = framesIn(text);
            const at = frames.findIndex(({ data }) => data.includes("[removed]"));
            expect(door.textIn(frames.slice(0, at)), "what came before it stays before it").not.toBe("");
            expect(poem.startsWith(door.textIn(frames.slice(0, at)))).toBe(true);
            expect(door.endsInError(frames.slice(0, at + 1))).toBe(true);
            expect(JSON.parse(frames[at]!.data).error.message).toBe(told);
            expect(door.endsCleanly(frames)).toBe(false);
          } else {
            expect(answer.status).toBeGreaterThanOrEqual(400);
            expect(door.errorIn(jsonOf(answer))).toContain("Refused: [removed] with [removed].");
          }
          expect((await gateway.rowsOfModel(own)).map(({ outcome }) => outcome)).toEqual(["upstream_error"]);
        });
      }

      test(`X4: gRPC client: secrets in ${what}${stream ? ", streamed" : ""}`, async () => {
        const rpc = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.baseUrl }));
        const hello = { kind: { case: "text" as const, value: { text: "Hello" } } };
        const model = `${name}/${simulators.get(name)!.model(behaviour)}`;
        const request = { request: { model, messages: [{ role: Role.USER, parts: [hello] }] } };
        const options = { headers: { "x-api-key": gateway.apiKey } };
        const ask = async () => {
          if (!stream) return rpc.chat(request, options);
          for await (const _ of rpc.streamChat(request, options));
          return undefined;
        };
        const error = ConnectError.from(await ask().catch((cause: unknown) => cause));
        const [detail] = error.findDetails(ErrorSchema);
        expect(error.rawMessage).toContain("Refused: [removed] with [removed].");
        expect(detail!.provider).toBe(name);
        expectNoSecret(JSON.stringify([error.rawMessage, detail?.message, detail?.code, detail?.type]));
      });
    }
  });
}

test("X4: nothing of it is in the log or in what is kept of the calls", () => {
  expectNoSecret(gateway.log.join("\n"));
  const { calls } = gateway.gateway.activity.since(0);
  expect(calls.length).toBeGreaterThan(places.length * upstreamNames.length * doors.length);
  expectNoSecret(JSON.stringify(calls, (_, value) => (typeof value === "bigint" ? String(value) : value)));
});
