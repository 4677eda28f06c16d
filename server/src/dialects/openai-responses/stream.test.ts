import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { failed, partClosed, partGrown, partOpened, reasoning, text } from "../../canonical/events.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { openaiResponses } from "./index.ts";
import { begin, call, context, decode, encode, end, partsOf, whole } from "./responses.fixture.ts";

describe("stream from a provider", () => {
  const created = { type: "response.created", response: { id: "resp_1", model: "m", created_at: 1.5, output: [] } };
  const completed = { type: "response.completed", response: { id: "resp_1", status: "completed", output: [] } };
  const added = (item: JsonObject, output_index = 0) => ({ type: "response.output_item.added", output_index, item });
  const message = { type: "message", id: "msg_1", role: "assistant", content: [] };
  const delta = (words: string) => ({
    type: "response.output_text.delta",
    item_id: "msg_1",
    output_index: 0,
    delta: words,
  });

  test("hazards 20: fragments and whole calls say the same", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "c", name: "look" };
    const grown = (words: string) => ({
      type: "response.function_call_arguments.delta",
      output_index: 0,
      delta: words,
    });
    const done = { type: "response.output_item.done", output_index: 0, item: { ...item, arguments: '{"at":1}' } };
    const fragments = [created, added({ ...item, arguments: "" }), grown('{"at"'), grown(":1}"), done, completed];
    const inOne = [created, added({ ...item, arguments: '{"at":1}' }), done, completed];
    const late = [created, added({ ...item, arguments: "" }), done, completed];
    const unannounced = [created, grown('{"at":1}'), done, completed];
    for (const wires of [fragments, inOne, late, unannounced]) {
      expect(partsOf(decode(wires))).toMatchObject([
        { kind: { value: { id: "c", name: "look", arguments: '{"at":1}' } } },
      ]);
    }
  });

  test("a server that leaves events out is understood: no parts announced, no items, nothing but the end", () => {
    const content = [{ type: "output_text", text: "Hi there" }];
    const whole = { ...message, content };
    const lazy: JsonObject[][] = [
      [created, delta("Hi"), delta(" there"), completed],
      [created, added(message), delta("Hi"), { ...completed, response: { status: "completed", output: [whole] } }],
      [created, { type: "response.output_item.done", output_index: 0, item: whole }, completed],
      [created, { ...completed, response: { status: "completed", output: [whole] } }],
      [{ ...completed, response: { status: "completed", output: [whole] } }],
    ];
    for (const wires of lazy) {
      expect(partsOf(decode(wires)).map(({ kind }) => kind.value)).toMatchObject([{ text: "Hi there" }]);
    }
  });

  test("annotations and log probabilities come with the text", () => {
    const annotation = { type: "url_citation", url: "https://example.com" };
    const wires: JsonObject[] = [
      created,
      added(message),
      { ...delta("Hi"), logprobs: [{ token: "Hi", logprob: 0 }] },
      { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation },
      completed,
    ];
    const [part] = partsOf(decode(wires));
    expect(part!.citations).toMatchObject([{ url: "https://example.com", extra: annotation }]);
    expect(part!.extra).toMatchObject({
      logprobs: [{ token: "Hi", logprob: 0 }],
    });
  });

  test("items that only this dialect understands are carried whole, and events that nobody knows are skipped", () => {
    const search = {
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "cat" },
    };
    const wires: JsonObject[] = [
      created,
      added({ type: "web_search_call", id: "ws_1", status: "in_progress" }),
      { type: "response.web_search_call.searching", output_index: 0, item_id: "ws_1" },
      { type: "response.brand_new", anything: 1 },
      { type: "response.output_item.done", output_index: 0, item: search },
      { type: "keepalive" },
      completed,
    ];
    const events = decode(wires);
    expect(openaiResponses.unary.encode(fold(events), new LossReport()).output).toEqual([search]);
    expect((encode(events).at(-1)!.response as JsonObject).output).toEqual([search]);
  });

  test("hazards 48: [DONE] is no ending and no mistake", () => {
    const done = { event: "", data: "[DONE]" };
    const decoder = openaiResponses.stream.decoder();
    decoder.push({ event: "", data: JSON.stringify(created) });
    expect(decoder.push(done)).toEqual([]);
    expect(decoder.end()[0]!.event).toMatchObject({
      case: "failed",
      value: { error: { reason: Reason.UPSTREAM_TRUNCATED } },
    });
    const frames = encode([begin, ...end()]);
    expect(frames.at(-1)!.type).toBe("response.completed");
  });

  test("hazards 49: an event is known by its data, or by its name alone", () => {
    const decoder = openaiResponses.stream.decoder();
    const { type, ...nameless } = completed;
    const nothing = decoder.push({ event: "", data: JSON.stringify(created) });
    expect(nothing).toHaveLength(1);
    expect(decoder.push({ event: type, data: JSON.stringify(nameless) }).at(-1)!.event.case).toBe("finished");
  });

  test.each<[what: string, wire: JsonObject, status: number, message: string]>([
    [
      "an error as the vendor sends it",
      { type: "error", error: { type: "insufficient_quota", code: "insufficient_quota", message: "no" } },
      429,
      "no",
    ],
    ["an error as it is documented", { type: "error", code: "rate_limit_exceeded", message: "no" }, 429, "no"],
    [
      "a failed response",
      { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "no" } } },
      500,
      "no",
    ],
    [
      "a failure without words",
      { type: "response.failed", response: { status: "failed", error: null } },
      502,
      "did not say why",
    ],
  ])("%s fails the stream, in the tally too", (_, wire, status, message) => {
    const { event } = decode([created, delta("Hi"), wire, completed]).at(-1)!;
    expect(event).toMatchObject({ case: "failed", value: { error: { status } } });
    const tally = openaiResponses.stream.tally({ hideUsage: true });
    for (const one of [created, wire, completed]) tally.read({ event: "", data: JSON.stringify(one) });
    expect(tally.failure?.status).toBe(status);
    expect(tally.failure?.message).toContain(message);
    expect(tally.ended).toBe(false);
  });
});

describe("hazards 55: stream to a client", () => {
  const types = (events: readonly GenerateEvent[]) =>
    encode(events).map(({ type }) => `${type}`.replace("response.", ""));

  test("items come one after the other, each in pieces and then whole, and everything once more at the end", () => {
    const events = [
      begin,
      partOpened(0, 0, reasoning({})),
      partGrown(0, 0, { case: "text", value: "Hm." }),
      partClosed(0, 0),
      partOpened(0, 1, text("")),
      partGrown(0, 1, { case: "text", value: "Hi" }),
      partGrown(0, 1, { case: "text", value: " there" }),
      partClosed(0, 1),
      partOpened(0, 2, call("c", "")),
      partGrown(0, 2, { case: "arguments", value: "{}" }),
      partClosed(0, 2),
      ...end(FinishReason.TOOL_CALLS),
    ];
    expect(types(events)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
    const wires = encode(events);
    const last = wires.at(-1)!.response as JsonObject;
    expect(wires.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item)).toEqual(
      last.output,
    );
    expect((last.output as JsonObject[]).map(({ id }) => id)).toEqual(["rs_1_0", "msg_1_1", "fc_1_2"]);
    expect(last).toMatchObject({
      id: "msg_1",
      object: "response",
      created_at: 7,
      model: "claude",
      status: "completed",
    });
  });

  test("hazards 59: parts that grow side by side wait for their turn and lose nothing", () => {
    const events = [
      begin,
      partOpened(0, 0, call("a", "")),
      partOpened(0, 1, call("b", "")),
      partGrown(0, 1, { case: "arguments", value: '{"b":2}' }),
      partGrown(0, 0, { case: "arguments", value: '{"a":1}' }),
      partClosed(0, 1),
      partClosed(0, 0),
      ...end(),
    ];
    const wires = encode(events).filter(({ type }) => `${type}`.startsWith("response.output_item"));
    expect(wires.map(({ type, output_index }) => `${type}`.split(".").at(-1)! + output_index)).toEqual([
      ...["added0", "done0", "added1", "done1"],
    ]);
    expect(wires.at(-1)!.item).toMatchObject({ call_id: "b", arguments: '{"b":2}' });
  });

  test("hazards 62: a failure is told as a failed response, with what was said until then", () => {
    const error = new GatewayError(Reason.UPSTREAM_TRUNCATED, "Gone.");
    const said = [begin, partOpened(0, 0, text("")), partGrown(0, 0, { case: "text", value: "Hi" }), failed(error)];
    const last = encode(said).at(-1)!;
    expect(last).toMatchObject({
      type: "response.failed",
      response: {
        id: "msg_1",
        status: "failed",
        error: { code: "upstream_truncated", message: "Gone." },
        output: [{ type: "message", status: "incomplete", content: [{ text: "Hi" }] }],
      },
    });
    expect(encode(said).some(({ type }) => type === "response.completed")).toBe(false);
  });

  test("before there is a response, an error is an error", () => {
    const error = new GatewayError(Reason.UPSTREAM_OVERLOADED, "Busy.", { status: 529 });
    expect(encode([failed(error)])).toEqual([
      {
        type: "error",
        sequence_number: 0,
        message: "Busy.",
        param: null,
        code: "upstream_overloaded",
        error: { message: "Busy.", type: "server_error", param: null, code: "upstream_overloaded" },
      },
    ]);
    expect(openaiResponses.error.frame(error, "req_1").event).toBe("error");
  });

  test("hazards 32: a second answer has no place, and its loss is reported", () => {
    const two = context();
    const encoder = openaiResponses.stream.encoder(two);
    for (const event of [begin, ...whole(0, text("a")), partOpened(1, 0, text("b")), ...end()]) encoder.push(event);
    expect(two.losses.paths).toEqual(["choices[1]"]);
  });

  test("a strict reader finds every field it needs, streamed and whole", () => {
    const reply = fold([begin, ...whole(0, text("Hi")), ...end()]);
    const unary = openaiResponses.unary.encode(reply, new LossReport());
    const streamed = encode([begin, ...whole(0, text("Hi")), ...end()]).at(-1)!.response as JsonObject;
    for (const response of [unary, streamed]) {
      for (const field of [
        ...["id", "object", "created_at", "status", "error", "incomplete_details", "instructions", "metadata"],
        ...["model", "output", "parallel_tool_calls", "temperature", "tool_choice", "tools", "top_p", "usage"],
      ]) {
        expect(response, field).toHaveProperty(field);
      }
    }
    expect((unary.output as JsonObject[])[0]).toMatchObject({
      content: [{ type: "output_text", annotations: [], logprobs: [], text: "Hi" }],
    });
  });
});
