import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { fold, unfold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { openaiResponses } from "../../server/src/dialects/openai-responses/index.ts";
import { writeSse } from "../../server/src/framing/sse.ts";
import { eventsOf, framesOf, streamed, unary } from "../laws/recordings.ts";

/*
 * The judge of a stream of Responses is the vendor's own library: it checks that items, their entries and their ids belong
 * together, and puts the answer together from its pieces. What it makes of every recorded answer, of any provider, is what
 * the answer is when it is asked for whole.
 */

const context = () => ({ showUsage: true, model: "m", id: "req_1", createTimeSeconds: 1, losses: new LossReport() });

function encode(events: readonly GenerateEvent[]): string {
  const encoder = openaiResponses.stream.encoder(context());
  return events
    .flatMap((event) => encoder.push(event))
    .map(writeSse)
    .join("");
}

function read(bytes: string) {
  const fetch = async () => new Response(bytes, { headers: { "content-type": "text/event-stream" } });
  const client = new OpenAI({ apiKey: "none", baseURL: "http://provider.invalid/v1", maxRetries: 0, fetch });
  return client.responses.stream({ model: "m", input: "Hello" });
}

/** An answer without what the library adds to it. */
function plain(response: unknown, without: readonly string[] = []): JsonValue {
  const left = new Set(["parsed", "parsed_arguments", "output_parsed", "output_text", ...without]);
  const text = JSON.stringify(response, (field, value: unknown) => (left.has(field) ? undefined : value));
  return JSON.parse(text) as JsonValue;
}

function whole(events: readonly GenerateEvent[]): JsonValue {
  const reply = fold(events);
  const filled = { ...reply, id: reply.id || "req_1", model: reply.model || "m" };
  const wire = openaiResponses.unary.encode(
    { ...filled, createTimeSeconds: reply.createTimeSeconds || 1n },
    new LossReport(),
  );
  return plain(wire);
}

const answers = [
  ...streamed.map(({ dialect, name, stream }) => ({
    name: `${dialect.id} ${name}`,
    events: eventsOf(dialect, framesOf(dialect, [stream])),
  })),
  ...unary.map(({ dialect, name, unary: wire }) => ({
    name: `${dialect.id} ${name}, whole`,
    events: unfold(dialect.unary.decode(wire)),
  })),
];

describe.each(answers.filter(({ events }) => events.at(-1)?.event.case === "finished"))("$name", ({ events }) => {
  test("the vendor's library puts together the answer that is given whole", async () => {
    expect(plain(await read(encode(events)).finalResponse())).toEqual(whole(events));
  });

  test("events are numbered from 0 without gaps, and named as they say", () => {
    const encoder = openaiResponses.stream.encoder(context());
    const frames = events.flatMap((event) => encoder.push(event));
    const wires = frames.map(({ data }) => JSON.parse(data) as JsonObject);
    expect(wires.map(({ sequence_number: number }) => number)).toEqual(wires.map((_, index) => index));
    expect(frames.map(({ event }) => event)).toEqual(wires.map(({ type }) => type));
  });

  test("an answer that fails before its end fails for the library too", async () => {
    const failing = [...events.slice(0, -2), ...eventsOf(openaiResponses, [])];
    await expect(read(encode(failing)).finalResponse()).rejects.toThrow("The stream ended before");
  });
});

describe.each(answers.filter(({ events }) => events.at(-1)?.event.case === "failed"))("$name", ({ events }) => {
  test("the vendor's library is told of the failure", async () => {
    const { event } = events.at(-1)!;
    const message = event.case === "failed" ? event.value.error?.message : undefined;
    await expect(read(encode(events)).finalResponse()).rejects.toMatchObject({ message });
  });
});

test.each(streamed.filter(({ dialect, name }) => dialect === openaiResponses && !name.includes("error")))(
  "recorded $name: what the library makes of the provider's own bytes is what is decoded",
  async ({ dialect, stream }) => {
    const decoded = dialect.unary.encode(fold(eventsOf(dialect, framesOf(dialect, [stream]))), new LossReport());
    const { output } = await read(`${stream}`).finalResponse();
    // The provider encrypts anew, and rounds, each time it repeats itself.
    const comparable = (items: unknown) => plain(items, ["encrypted_content", "logprobs"]);
    expect(comparable(output)).toEqual(comparable(decoded.output));
  },
);

test("whoever does not read `error` finds the response as a failed one", () => {
  const events = [...answers[0]!.events.slice(0, 1), ...eventsOf(openaiResponses, [])];
  const encoder = openaiResponses.stream.encoder(context());
  const last = events.flatMap((event) => encoder.push(event)).at(-1)!;
  expect(last.event).toBe("response.failed");
  expect(JSON.parse(last.data).response).toMatchObject({
    object: "response",
    status: "failed",
    error: { message: expect.any(String) },
  });
});

test("a stream that fails before it begins raises the error in the library", async () => {
  const failed = eventsOf(openaiResponses, []);
  await expect(read(encode(failed)).finalResponse()).rejects.toThrow("The stream ended before");
});
