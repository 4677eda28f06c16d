import type { GenerateReply } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { fold, unfold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import type { Dialect } from "../../server/src/dialects/dialect.ts";
import type { Frame } from "../../server/src/framing/frame.ts";
import { eventsOf, framesOf, type Streamed, streamed, unary, understood } from "./recordings.ts";
import { comparable } from "./same-json.ts";

/*
 * Law 3, fold: an answer is the same whole and streamed.
 * Law 4, round trip: what is decoded is encoded to the same JSON, unknown fields included, and the other way round.
 */

function streamOf(dialect: Dialect, events: ReturnType<typeof unfold>): Frame[] {
  const losses = new LossReport();
  const encoder = dialect.stream.encoder({ showUsage: true, model: "", id: "", createTimeSeconds: 0, losses });
  const frames = events.flatMap((event) => encoder.push(event));
  expect(losses.paths).toEqual([]);
  return frames;
}

/** A whole answer of Messages holds arguments as a value, so the white space the model wrote is gone. */
function withPlainArguments(reply: GenerateReply): GenerateReply {
  for (const { parts } of reply.choices) {
    for (const { kind } of parts) {
      if (kind.case === "toolCall") kind.value.arguments = JSON.stringify(JSON.parse(kind.value.arguments));
    }
  }
  return reply;
}

describe.each(unary)("whole: $dialect.id $name", ({ dialect, unary: wire }) => {
  test("fold: streamed, it says the same", () => {
    const reply = dialect.unary.decode(wire);
    const frames = streamOf(dialect, unfold(reply));
    expect(comparable(dialect.unary.encode(fold(eventsOf(dialect, frames)), new LossReport()))).toEqual(
      comparable(dialect.unary.encode(reply, new LossReport())),
    );
  });

  test("round trip: it is written back as it came", () => {
    const losses = new LossReport();
    const written = dialect.unary.encode(dialect.unary.decode(wire), losses);
    expect(comparable(written)).toEqual(comparable(wire));
    expect(losses.paths).toEqual([]);
  });

  test("round trip: canonical values come back equal", () => {
    const reply = dialect.unary.decode(wire);
    expect(dialect.unary.decode(dialect.unary.encode(reply, new LossReport()))).toEqual(reply);
  });

  test("the usage read beside the answer is the usage of the answer", () => {
    expect(dialect.usage(wire)).toEqual(dialect.unary.decode(wire).usage);
  });
});

const isWhole = ({ name }: Streamed) => !name.includes("error");

describe.each(streamed.filter(isWhole))("streamed: $dialect.id $name", ({ dialect, stream }) => {
  test("fold: whole, it says the same, and streamed again too", () => {
    const events = eventsOf(dialect, framesOf(dialect, [stream]));
    const reply = fold(events);
    const whole = dialect.unary.decode(dialect.unary.encode(reply, new LossReport()));
    expect(withPlainArguments(whole)).toEqual(withPlainArguments(reply));
    expect(withPlainArguments(fold(eventsOf(dialect, streamOf(dialect, events))))).toEqual(reply);
  });
});

describe.each(streamed)("streamed: $dialect.id $name", ({ dialect, stream }) => {
  const events = eventsOf(dialect, framesOf(dialect, [stream]));

  test("parts open before they grow, grow before they close, and are numbered without gaps", () => {
    const [first] = events;
    expect(first?.event.case).toBe("opened");
    const open = new Set<string>();
    const opened = new Map<number, number>();
    for (const { event } of events) {
      if (event.case === "partOpened") {
        const { choice, index, part } = event.value;
        expect(index).toBe(opened.get(choice) ?? 0);
        expect(part?.kind.case).toBeDefined();
        opened.set(choice, index + 1);
        open.add(`${choice}:${index}`);
      } else if (event.case === "partGrown") {
        expect(open.has(`${event.value.choice}:${event.value.index}`)).toBe(true);
      } else if (event.case === "partClosed") {
        expect(open.delete(`${event.value.choice}:${event.value.index}`)).toBe(true);
      } else if (event.case === "finished") {
        expect([...open]).toEqual([]);
      }
    }
  });
});

describe.each(understood)("request: $dialect.id $name", (recording) => {
  const { dialect, request: wire } = recording;
  const options = wire.stream_options as { include_usage?: boolean } | undefined;
  const encode = (request: ReturnType<Dialect["request"]["decode"]>, losses: LossReport) =>
    dialect.request.encode(request, {
      model: `${wire.model}`,
      stream: wire.stream === true,
      askUsage: options?.include_usage === true,
      outputLimit: 0,
      losses,
    });

  test("round trip: it is written back as it came", () => {
    const losses = new LossReport();
    expect(comparable(encode(dialect.request.decode(wire), losses))).toEqual(comparable(wire));
    expect(losses.paths).toEqual([]);
  });

  test("round trip: canonical values come back equal", () => {
    const request = dialect.request.decode(wire);
    expect(dialect.request.decode(encode(request, new LossReport()))).toEqual(request);
  });

  test("the head says what the request says", () => {
    const head = dialect.request.head(wire);
    expect(head.model).toBe(wire.model);
    expect(head.stream).toBe(wire.stream === true);
    // Ollama's -1 is no limit.
    const inOptions = (wire.options as { num_predict?: number } | undefined)?.num_predict ?? -1;
    expect(head.maxOutputTokens).toBe(
      wire.max_completion_tokens ??
        wire.max_tokens ??
        wire.max_output_tokens ??
        (inOptions >= 0 ? inOptions : undefined),
    );
  });
});
