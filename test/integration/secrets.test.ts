import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestGateway, upstreamSecret } from "../gateway/gateway.ts";
import { type Behaviour, type Exchange, sendJson } from "../simulators/simulator.ts";
import { bytesOf, type Wire } from "../simulators/speech.ts";
import { doors, framesIn, jsonOf } from "./doors.ts";
import { openScene, poem, type Scene, upstreamNames } from "./scene.ts";

/*
 * X4: a provider may quote the key it refuses, wherever it can say something. Its words are told; the operator's secrets in
 * them are not.
 */

/** JSON writes it otherwise than it is. */
const headerSecret = 'said "open\\sesame" and went in';
const quoting = `Refused: ${upstreamSecret} with ${headerSecret}. Find yours in the console.`;
const told = "Refused: [removed] with [removed]. Find yours in the console.";

/** An error with the secrets in its words, and in a field that no dialect knows. */
function errorBody({ speech }: Exchange): Wire {
  const body = speech.error(400, quoting);
  const metadata = { raw: quoting };
  return typeof body.error === "object" ? { ...body, error: { ...body.error, metadata } } : { ...body, metadata };
}

function errorFrame(exchange: Exchange): string | Uint8Array {
  return exchange.speech.errorFrame(errorBody(exchange), 400);
}

function beginStream({ response, speech }: Exchange): void {
  response.writeHead(200, { "content-type": speech.streamType });
}

const withUsage = "an answer with status 200 and usage";

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
    what: withUsage,
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
      beginStream(exchange);
      exchange.response.end(errorFrame(exchange));
    },
  },
  {
    what: "an event in the middle of a stream",
    stream: true,
    shown: true,
    behaviour: (exchange) => {
      const frames = exchange.speech.frames({ text: poem }, exchange.wire);
      beginStream(exchange);
      // In one piece with what goes before and after it.
      exchange.response.end(bytesOf([...frames.slice(0, 6), errorFrame(exchange), ...frames.slice(6, 7)]));
    },
  },
];

let scene: Scene;
let gateway: TestGateway;
beforeAll(async () => {
  scene = await openScene({}, { headers: { "x-proxy-password": headerSecret } });
  gateway = scene.gateway;
});
afterAll(() => scene.stop());

const modelOf = (name: string, behaviour: Behaviour) =>
  scene.upstreams.find((upstream) => upstream.name === name)!.model(behaviour);

function expectNoSecret(text: string): void {
  expect(text).not.toContain(upstreamSecret);
  expect(text).not.toContain("sesame");
}

/** Their errors have no field that an answer does not have, so an answer with usage is one, whatever stands beside it. */
const errorsAreFlat = new Set<string>(["converse", "mistral"]);

for (const name of upstreamNames) {
  describe(`${name} upstream`, () => {
    for (const { what, stream, shown, behaviour } of places) {
      if (what === withUsage && errorsAreFlat.has(name)) continue;
      for (const door of doors) {
        test(`X4: ${door.dialect} client: secrets in ${what}${stream ? ", streamed" : ""}`, async () => {
          const { asked, own } = modelOf(name, behaviour);
          const answer = await scene.client.call(door, asked, stream);
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
          // What does not say whose fault it was is tried again.
          const rows = await gateway.rowsOfModel(own);
          expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(["upstream_error"]));
        });
      }

      test(`X4: gRPC client: secrets in ${what}${stream ? ", streamed" : ""}`, async () => {
        const rpc = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.baseUrl }));
        const hello = { kind: { case: "text" as const, value: { text: "Hello" } } };
        const { asked: model } = modelOf(name, behaviour);
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
