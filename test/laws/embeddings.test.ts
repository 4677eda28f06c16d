import { fromBinary, type JsonObject, toBinary } from "@bufbuild/protobuf";
import {
  type EmbeddingReply,
  EmbeddingReplySchema,
  type EmbeddingRequest,
  EmbeddingRequestSchema,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../server/src/canonical/error.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { base64OfNumbers, numbersIn } from "../../server/src/dialects/vectors.ts";
import { addressOf, answered, type EmbeddingCase, embeddingCases, type Form, forms } from "./embedding-cases.ts";
import { seededRandom } from "./recordings.ts";
import { comparable } from "./same-json.ts";
import { asObject, attempt, rounds, seed, spoil } from "./spoil.ts";

/* The laws of the dialects, for vectors: round trip, meter, crossing, total. */

const context = (model: string, losses = new LossReport()) => ({
  model,
  stream: false,
  askUsage: false,
  outputLimit: 0,
  losses,
});

const modelOf = ({ address, request }: EmbeddingCase) => address.model ?? `${request.model}`;

describe.each(embeddingCases)("request: $name", (one) => {
  const { codec, address, request: wire } = one;

  test("round trip: it is written back as it came", () => {
    const losses = new LossReport();
    const written = codec.request.encode(codec.request.decode(wire, address), context(modelOf(one), losses));
    expect(comparable(written)).toEqual(comparable(wire));
    expect(losses.paths).toEqual([]);
  });

  test("round trip: canonical values come back equal, from the wire and from protobuf", () => {
    const request = codec.request.decode(wire, address);
    const written = codec.request.encode(request, context(modelOf(one)));
    expect(codec.request.decode(written, address)).toEqual(request);
    const bytes = toBinary(EmbeddingRequestSchema, request);
    expect(toBinary(EmbeddingRequestSchema, fromBinary(EmbeddingRequestSchema, bytes))).toEqual(bytes);
  });

  test("the head says what the request says", () => {
    const head = codec.request.head(wire, address);
    expect(head.model).toBe(modelOf(one));
    // There is no output, so none is ever estimated.
    expect(head).toMatchObject({ stream: false, maxOutputTokens: 0 });
  });

  test("only the model's name changes on the way to an upstream of the same dialect", () => {
    const edits = codec.request.edits(wire, { model: "other", askUsage: true });
    const edited: JsonObject = { ...wire };
    for (const [field, json] of edits) edited[field] = JSON.parse(json!);
    const renamed = JSON.parse(
      JSON.stringify(wire, (field, value: unknown) =>
        field === "model" ? `${value}`.slice(0, -modelOf(one).length).concat("other") : value,
      ),
    ) as JsonObject;
    expect(edited).toEqual(renamed);
    expect(codec.request.edits(edited, { model: "other", askUsage: true }).size).toBe(0);
  });
});

describe.each(answered)("answer: $name", ({ codec, address, request, reply: wire }) => {
  const asked = codec.request.head(request, address);

  test("round trip: it is written back as it came", () => {
    const losses = new LossReport();
    const written = codec.unary.encode(codec.unary.decode(wire), losses, asked);
    expect(comparable(written)).toEqual(comparable(wire));
    expect(losses.paths).toEqual([]);
  });

  test("round trip: canonical values come back equal", () => {
    const reply = codec.unary.decode(wire);
    expect(codec.unary.decode(codec.unary.encode(reply, new LossReport(), asked))).toEqual(reply);
    expect(() => toBinary(EmbeddingReplySchema, reply)).not.toThrow();
  });

  test("meter: the usage read beside the answer is the usage of the answer, and in the one field that is read", () => {
    const { usage } = codec.unary.decode(wire);
    expect(codec.usage(wire)).toEqual(usage);
    if (codec.usageField) expect(codec.usage({ [codec.usageField]: wire[codec.usageField] ?? null })).toEqual(usage);
  });
});

/** What a request asks for, as far as a caller can tell. */
function asks(request: EmbeddingRequest) {
  const said = ({ kind }: Part) => {
    if (kind.case === "text") return kind.value.text;
    return kind.case === "image" ? kind.value.source : "opaque";
  };
  return {
    inputs: request.inputs.map(({ parts, tokens }) => (tokens.length > 0 ? tokens : parts.map(said))),
    dimensions: request.dimensions,
  };
}

/** What of a request has a name of its own and may be lost with a report. */
function besides({ purpose, truncation, user }: EmbeddingRequest) {
  return { purpose, truncation, user };
}

function read({ codec }: Form, reply: EmbeddingReply, losses: LossReport): EmbeddingReply {
  return codec.unary.decode(codec.unary.encode(reply, losses));
}

describe.each(embeddingCases)("crossing: $name", (one) => {
  const others = forms.filter(({ codec }) => codec !== one.codec);

  test.each(others)("asks the same in $name, but for what is reported, or is refused by name", (other) => {
    const losses = new LossReport();
    const origin = one.codec.request.decode(one.request, one.address);
    let written: JsonObject;
    try {
      written = other.codec.request.encode(origin, context("m", losses));
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param: expect.stringMatching(/^[a-z_]+/) });
      return;
    }
    // Nobody's requests are translated to the form for one input.
    if (other.operation === "embed-one" && origin.inputs.length > 1) return;
    const crossed = other.codec.request.decode(written, addressOf(other, "m"));
    expect(asks(crossed)).toEqual(
      other.name === "ollama-chat-one" ? { ...asks(origin), dimensions: undefined } : asks(origin),
    );
    const before = besides(origin);
    for (const [field, value] of Object.entries(besides(crossed))) {
      // Cohere must be told what vectors are for.
      const isInvented = field === "purpose" && other.dialect.id === "cohere-chat" && before.purpose === 0;
      const isSame = value === before[field as keyof typeof before];
      if (!isSame && !isInvented && !isHarmless(field, before)) expect(losses.paths, field).not.toEqual([]);
    }
  });
});

/** That long inputs fail is what happens where nothing is said. */
function isHarmless(field: string, { truncation }: ReturnType<typeof besides>): boolean {
  return field === "truncation" && truncation === 1;
}

describe.each(answered)("crossing: the answer of $name", (one) => {
  const others = forms.filter(({ codec }) => codec !== one.codec);

  test.each(others)("says the same in $name, but for what is reported", (other) => {
    const losses = new LossReport();
    const origin = one.codec.unary.decode(one.reply);
    if (origin.embeddings.length === 0) {
      // Smaller numbers alone, which are refused on the way there.
      other.codec.unary.encode(origin, losses);
      expect(losses.paths).toContain("embeddings");
      return;
    }
    const crossed = read(other, origin, losses);
    const expected = other.operation === "embed-one" ? origin.embeddings.slice(0, 1) : origin.embeddings;
    expect(crossed.embeddings.map(({ values }) => values)).toEqual(expected.map(({ values }) => values));
    // Ollama's older form has no place for it; the ledger counts at the upstream.
    if (other.name !== "ollama-chat-one") expect(crossed.usage).toEqual(origin.usage);
    for (const field of Object.keys(origin.extra ?? {})) {
      if (field !== "usage" && other.dialect !== one.dialect) expect(losses.paths).toContain(field);
    }
  });
});

describe(`total: spoilt cases (PONTAGE_SEED=${seed})`, () => {
  test.each(embeddingCases)("request $name", ({ name, codec, address, request }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const wire = asObject(spoil(request, random));
      attempt(`${name} head`, () => codec.request.head(wire, address));
      attempt(`${name} edits`, () => codec.request.edits(wire, { model: "other", askUsage: true }));
      const decoded = attempt(`${name} decode`, () => codec.request.decode(wire, address));
      if (decoded === undefined) continue;
      for (const other of forms) {
        attempt(`${name} as ${other.name}`, () => JSON.stringify(other.codec.request.encode(decoded, context("m"))));
      }
    }
  });

  test.each(answered)("answer $name", ({ name, codec, reply }) => {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round += 1) {
      const wire = asObject(spoil(reply, random));
      attempt(`${name} usage`, () => codec.usage(wire));
      const decoded = attempt(`${name} decode`, () => codec.unary.decode(wire));
      if (decoded === undefined) continue;
      attempt(`${name} as protobuf`, () => toBinary(EmbeddingReplySchema, decoded));
      for (const other of forms) {
        attempt(`${name} as ${other.name}`, () => JSON.stringify(other.codec.unary.encode(decoded, new LossReport())));
      }
    }
  });
});

describe("vectors", () => {
  test("are the same as numbers and as base64 of 32-bit floats, the lowest byte first", () => {
    const random = seededRandom(seed);
    const numbers = Array.from({ length: 1000 }, () =>
      Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 60 - 40)),
    );
    const edges = [0, -0, 1, -1, 2 ** -149, -(2 ** -126), 3.4028234663852886e38].map(Math.fround);
    for (const list of [numbers, edges, []]) {
      const base64 = base64OfNumbers(list);
      expect(numbersIn(base64)).toEqual(list);
      expect(base64).toBe(Buffer.from(Float32Array.from(list).buffer).toString("base64"));
    }
  });

  test("as decimal numbers become the nearest 32-bit float", () => {
    expect(numbersIn(base64OfNumbers([0.1, -0.008762145]))).toEqual([Math.fround(0.1), Math.fround(-0.008762145)]);
  });

  test.each([
    ["of something else", { a: 1 }],
    ["with a hole", [0.5, null]],
    ["with a text", [0.5, "0.5"]],
    ["beyond 32 bits", [0.5, 1e39]],
    ["of bytes that are no whole numbers", "AAAA"],
    ["of what is not base64", "!!!!!!!!"],
    ["of infinity", "AACAfw=="],
  ])("%s are the provider's fault", (_, value) => {
    expect(() => numbersIn(value)).toThrow(expect.objectContaining({ reason: Reason.UPSTREAM_GARBAGE }));
  });
});
