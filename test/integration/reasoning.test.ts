import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startTestGateway, type TestGateway, type TestGatewayOptions, upstreamSecret } from "../gateway/gateway.ts";
import { createDatabase, type TestDatabase } from "../services/create-database.ts";
import { startPassage } from "../services/passage.ts";
import {
  type SigningDialect,
  type SigningUpstream,
  signingDialects,
  startSigningUpstream,
} from "../simulators/signing.ts";
import { type Manner, manners, type ReasoningClient, reasoningClients, tell } from "./reasoning-clients.ts";

/*
 * Thoughts that a model has signed have to come back with the results of its tools, to the byte, and to nobody else. Hazards
 * 5, 23, 24, 25 and 27.
 */
const { postgresUrl } = inject("services");

/** Who signs at an upstream of this dialect. Claude's signatures are the same at Anthropic and at Bedrock. */
const makerOf = (dialect: SigningDialect) => (dialect === "bedrock-converse" ? "anthropic-messages" : dialect);

const models: Readonly<Record<SigningDialect, string>> = {
  "anthropic-messages": "claude-sonnet-4-5",
  "bedrock-converse": "us.anthropic.claude-sonnet-4-5",
  gemini: "gemini-3-pro",
  "openai-responses": "gpt-5",
};

/** What an upstream of this dialect wants back after its first answer. */
const wanted: Readonly<Record<SigningDialect, readonly string[]>> = {
  "anthropic-messages": ["The user wants the weather.", "redacted"],
  "bedrock-converse": ["The user wants the weather.", "redacted"],
  gemini: ["call"],
  "openai-responses": ["The user wants the weather.", "And in the other city."],
};

const signed = (dialect: SigningDialect, maker = makerOf(dialect)) =>
  wanted[dialect].map((words) => Buffer.from(`${maker} signs ${words}`).toString("base64"));

function provider(
  name: string,
  { dialect, url }: SigningUpstream,
): NonNullable<TestGatewayOptions["providers"]>[number] {
  const facts = { name, credential: upstreamSecret, discover: false };
  switch (dialect) {
    case "anthropic-messages":
      return { ...facts, type: "anthropic_compatible", baseUrl: `${url}/v1` };
    case "gemini":
      return { ...facts, type: "gemini_compatible", baseUrl: `${url}/v1beta` };
    case "bedrock-converse":
      return { ...facts, type: "bedrock", baseUrl: url, region: "us-east-1", only: [dialect] };
    case "openai-responses":
      return { ...facts, type: "openai", baseUrl: `${url}/v1`, only: [dialect] };
  }
}

const upstreams = new Map<string, SigningUpstream>();
let gateway: TestGateway;

async function openGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const providers = [...upstreams].map(([name, upstream]) => provider(name, upstream));
  return startTestGateway({ ...options, providers });
}

beforeAll(async () => {
  for (const dialect of signingDialects) {
    upstreams.set(dialect, await startSigningUpstream(dialect, makerOf(dialect)));
    upstreams.set(`other-${dialect}`, await startSigningUpstream(dialect, `other-${dialect}`));
  }
  gateway = await openGateway();
});
afterAll(async () => {
  await gateway.stop();
  for (const upstream of upstreams.values()) await upstream.close();
});

const modelAt = (name: string) => `${name}/${models[name.replace(/^other-/, "") as SigningDialect]}`;

/** The statuses with which an upstream answers while `act` runs, and what came back to it in the last request. */
async function watching<T>(name: string, act: () => Promise<T>) {
  const { seen } = upstreams.get(name)!;
  const before = seen.length;
  const result = await act();
  const requests = seen.slice(before);
  return { result, statuses: requests.map(({ status }) => status), last: requests.at(-1)! };
}

type Speaker = Pick<TestGateway, "baseUrl" | "apiKey">;

/** The first turn: the model thinks and calls a tool. Answers with the conversation as it goes on. */
async function firstTurn(speaker: Speaker, client: ReasoningClient, name: string, stream: boolean, manner: Manner) {
  const first = await tell(speaker, client, modelAt(name), stream, [client.question]);
  expect(first.status, JSON.stringify(first.answer)).toBe(200);
  const calls = client.calls(first.answer);
  expect(calls.length).toBeGreaterThan(0);
  return [client.question, ...client.turn(first.answer, manner), ...client.results(calls)];
}

for (const client of reasoningClients) {
  for (const dialect of signingDialects) {
    for (const manner of manners) {
      // Within a dialect the bytes pass: what the client leaves out is not there.
      if (client.dialect === dialect && manner !== "sends all back") continue;
      for (const stream of [false, true]) {
        const how = stream ? "streamed" : "whole";
        test(`a ${client.dialect} client that ${manner} gives ${dialect} its own signatures, ${how}`, async () => {
          const history = await firstTurn(gateway, client, dialect, stream, manner);
          const { result, statuses, last } = await watching(dialect, () =>
            tell(gateway, client, modelAt(dialect), stream, history),
          );
          expect(result.status, JSON.stringify(result.answer)).toBe(200);
          expect(statuses).toEqual([200]);
          expect(last.returned).toEqual(signed(dialect));
          expect(last.thinks).toBe(true);
        });
      }
    }
  }
}

describe("a conversation changes its provider in the middle of a turn, and goes back", () => {
  for (const client of reasoningClients) {
    for (const from of signingDialects) {
      for (const to of signingDialects.filter((one) => one !== from)) {
        for (const manner of manners) {
          test(`${client.dialect}, ${manner}: ${from} to ${to}`, async () => {
            const history = await firstTurn(gateway, client, from, false, manner);
            const second = await watching(to, () => tell(gateway, client, modelAt(to), false, history));
            expect(second.result.status, JSON.stringify(second.result.answer)).toBe(200);
            const passes = client.dialect === to;
            // Within a dialect the bytes pass: then there is what the client sends, and the gateway keeps and adds nothing.
            const isThere = manner === "sends all back" || (!passes && client.dialect !== from);
            const isTaken = isThere && makerOf(from) === makerOf(to);
            expect(second.last.returned).toEqual(isTaken ? signed(from) : []);
            if (isThere && !isTaken) expect(second.result.loss).not.toBe("");
            // A seal is seen before the bytes go out. That something is missing in them the upstream has to say.
            const isMissing = manner === "sends all back" ? to === "gemini" : to !== "openai-responses";
            expect(second.statuses).toEqual(passes && isMissing ? [400, 200] : [200]);
            const more = [...history, ...client.turn(second.result.answer, manner), client.question];
            const third = await watching(from, () => tell(gateway, client, modelAt(from), false, more));
            expect(third.result.status, JSON.stringify(third.result.answer)).toBe(200);
          });
        }
      }
    }
  }
});

describe("a signature that its maker does not know again", () => {
  for (const dialect of signingDialects) {
    for (const stream of [false, true]) {
      test(`${dialect}: is no error for the client, ${stream ? "streamed" : "whole"}`, async () => {
        const client = reasoningClients.find((one) => one.dialect === dialect)!;
        const history = await firstTurn(gateway, client, dialect, stream, "sends all back");
        const name = `other-${dialect}`;
        const { result, statuses, last } = await watching(name, () =>
          tell(gateway, client, modelAt(name), stream, history),
        );
        expect(result.status, JSON.stringify(result.answer)).toBe(200);
        expect(statuses).toEqual([400, 200]);
        expect(last.returned).toEqual([]);
        expect(result.loss).not.toBe("");
        const rows = await gateway.ledgerRows(result.requestId);
        expect(rows.map(({ attempt, outcome, status }) => [Number(attempt), outcome, Number(status)])).toEqual([
          [1, "upstream_error", 400],
          [2, "ok", 200],
        ]);
        expect(rows[0]!.costNanoUsd).toBe(0n);
      });
    }
  }

  test("a strict caller hears of it", async () => {
    const client = reasoningClients.find((one) => one.dialect === "anthropic-messages")!;
    const history = await firstTurn(gateway, client, "anthropic-messages", false, "sends all back");
    const { store, baseUrl } = gateway;
    const { secret: apiKey } = await store.keys.issue({ name: "strict", strict: true });
    const model = modelAt("other-anthropic-messages");
    const { status, answer } = await tell({ baseUrl, apiKey }, client, model, false, history);
    expect(status).toBe(400);
    expect(JSON.stringify(answer)).toMatch(/messages\[1\]\.content\[0\].*cannot be said.*use a key that is not strict/);
  });
});

const bare = reasoningClients.find((one) => one.dialect === "openai-chat")!;

/** A second turn that finds nothing, and goes on without: Claude is then not asked to think. */
async function expectForgotten(speaker: Speaker, history: Awaited<ReturnType<typeof firstTurn>>) {
  const name = "anthropic-messages";
  const { result, statuses, last } = await watching(name, () => tell(speaker, bare, modelAt(name), false, history));
  expect(result.status, JSON.stringify(result.answer)).toBe(200);
  expect(statuses).toEqual([200]);
  expect(last).toMatchObject({ returned: [], thinks: false });
  expect(result.loss).toContain("thinking");
  return result;
}

test("another tenant's call brings nothing to mind", async () => {
  const history = await firstTurn(gateway, bare, "anthropic-messages", false, "sends back what it knows");
  const { secret: apiKey } = await gateway.issueKey("somebody else");
  await expectForgotten({ baseUrl: gateway.baseUrl, apiKey }, history);
});

test("thoughts expire", async () => {
  const brief = await openGateway({ keepThoughtsMs: 30 });
  try {
    const history = await firstTurn(brief, bare, "anthropic-messages", false, "sends back what it knows");
    await sleep(60);
    await expectForgotten(brief, history);
  } finally {
    await brief.stop();
  }
});

test("nothing is kept where that is turned off", async () => {
  const forgetful = await openGateway({ keepThoughtsMs: 0 });
  try {
    const history = await firstTurn(forgetful, bare, "anthropic-messages", false, "sends back what it knows");
    await expectForgotten(forgetful, history);
  } finally {
    await forgetful.stop();
  }
});

describe.skipIf(!postgresUrl)("two replicas on one PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(postgresUrl!);
  });
  afterAll(() => database.drop());

  for (const stream of [false, true]) {
    test(`one goes on where the other, now gone, has stopped, ${stream ? "streamed" : "whole"}`, async () => {
      const first = await openGateway({ databaseUrl: database.url, keyName: `replicas ${stream}` });
      const history = await firstTurn(first, bare, "gemini", stream, "sends back what it knows");
      const { apiKey } = first;
      await first.stop();
      const second = await openGateway({ databaseUrl: database.url, keyName: `other ${stream}` });
      try {
        const speaker = { baseUrl: second.baseUrl, apiKey };
        const { result, last } = await watching("gemini", () =>
          tell(speaker, bare, modelAt("gemini"), stream, history),
        );
        expect(result.status).toBe(200);
        expect(last.returned).toEqual(signed("gemini"));
      } finally {
        await second.stop();
      }
    });
  }

  for (const how of ["refuse", "swallow"] as const) {
    test(`the database is away (${how}): the call goes on without, and says so`, async () => {
      const first = await openGateway({ databaseUrl: database.url, keyName: `before ${how}` });
      const history = await firstTurn(first, bare, "anthropic-messages", false, "sends back what it knows");
      const { apiKey } = first;
      await first.stop();
      const url = new URL(database.url);
      const passage = await startPassage(Number(url.port));
      url.port = String(passage.port);
      const second = await openGateway({ databaseUrl: url.href, keyName: `away ${how}` });
      try {
        passage[how]();
        const { loss } = await expectForgotten({ baseUrl: second.baseUrl, apiKey }, history);
        expect(loss).toContain("messages[1].tool_calls[0].signature");
      } finally {
        await passage.close();
        await second.stop();
      }
    });
  }
});

test("no row tells whose thoughts it holds, or what they are", async () => {
  const history = await firstTurn(gateway, bare, "anthropic-messages", false, "sends back what it knows");
  const rows = () =>
    gateway.store.orm.em.fork().execute<{ id: string; content: Buffer }[]>("select id, content from kept_thoughts");
  let found = await rows();
  const endMs = performance.now() + 5_000;
  while (found.length === 0 && performance.now() < endMs) {
    await sleep(10);
    found = await rows();
  }
  expect(found.length).toBeGreaterThan(0);
  const call = JSON.stringify(history).match(/call_[a-z_-]+\d+/)![0];
  const [key] = (await gateway.store.keys.list()).keys;
  for (const { id, content } of found) {
    for (const word of [call, key!.id, "weather"]) {
      expect(id).not.toContain(word);
      expect(Buffer.from(content).includes(word)).toBe(false);
    }
  }
});
