import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { bedrockConverse } from "./index.ts";
import { vendorOf } from "./model-vendor.ts";

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/** A request of another dialect as Converse says it, and what was lost on the way. */
function from(dialect: Dialect, wire: JsonObject, model = claude): { wire: JsonObject; lost: readonly string[] } {
  const losses = new LossReport();
  const request = dialect.request.decode({ model: "m", ...wire });
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: bedrockConverse.request.encode(request, options), lost: losses.paths };
}

/** The blocks of a user's message that Messages says. */
function blocksOf(content: JsonObject[], model?: string): { blocks: JsonObject[]; lost: readonly string[] } {
  const { wire, lost } = from(anthropicMessages, { max_tokens: 99, messages: [{ role: "user", content }] }, model);
  return { blocks: (wire.messages as JsonObject[])[0]!.content as JsonObject[], lost };
}

describe("rows 40, 41: pictures and documents", () => {
  const pdf = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };

  test("come as bytes with a format", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/jpg", data: "/9j/" } };
    expect(blocksOf([image]).blocks).toEqual([{ image: { format: "jpeg", source: { bytes: "/9j/" } } }]);
  });

  test("documents have legal names, none of them twice, and keep what is said with them", () => {
    const { blocks, lost } = blocksOf([
      { type: "document", source: pdf, title: "Q3_report: final!.pdf", context: "c", citations: { enabled: true } },
      { type: "document", source: pdf, title: "Q3_report: final!.pdf" },
      { type: "document", source: pdf, title: "???" },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "ü" } },
    ]);
    const names = blocks.map(({ document }) => (document as JsonObject).name);
    expect(names).toEqual(["Q3-report- final-", "Q3-report- final- (2)", "document", "document (2)"]);
    for (const name of names) expect(name).toMatch(/^(?!.*\s\s)[\p{L}\p{N}\s()[\]-]{1,200}$/u);
    expect(blocks[0]).toMatchObject({ document: { format: "pdf", context: "c", citations: { enabled: true } } });
    expect(blocks[3]).toMatchObject({ document: { format: "txt", source: { bytes: "w7w=" } } });
    expect(lost).toEqual([]);
  });

  test("on chat they are what they are there", () => {
    const wire: JsonObject = {
      messages: [
        {
          role: "user",
          content: [
            { document: { format: "pdf", name: "a", source: { bytes: "JVBERi0=" } } },
            { document: { format: "md", name: "b", source: { text: "# ü" } } },
          ],
        },
      ],
    };
    const request = bedrockConverse.request.decode(wire, { model: "m" });
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 99, losses: new LossReport() };
    expect(() => openaiChat.request.encode(request, options)).toThrow(/text\/markdown/);
    request.messages[0]!.parts.pop();
    expect(openaiChat.request.encode(request, options).messages).toMatchObject([
      { content: [{ file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a" } }] },
    ]);
  });
});

describe("row 44: cache marks", () => {
  const mark = (ttl?: string) => ({ cache_control: { type: "ephemeral", ...(ttl ? { ttl } : {}) } });
  const marked = {
    max_tokens: 99,
    system: [{ type: "text", text: "S", ...mark("1h") }],
    tools: [{ name: "f", input_schema: { type: "object" }, ...mark() }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Hello", ...mark("5m") },
          { type: "text", text: "!" },
        ],
      },
    ],
  };

  test("stand behind the block they are on", () => {
    const { wire, lost } = from(anthropicMessages, marked);
    const point = { cachePoint: { type: "default" } };
    expect(wire.system).toEqual([{ text: "S" }, { cachePoint: { type: "default", ttl: "1h" } }]);
    expect(wire.messages).toEqual([{ role: "user", content: [{ text: "Hello" }, point, { text: "!" }] }]);
    expect((wire.toolConfig as JsonObject).tools).toEqual([
      expect.objectContaining({ toolSpec: expect.anything() }),
      point,
    ]);
    expect(lost).toEqual([]);
  });

  test("are kept from models that refuse them, and reported", () => {
    const nova = from(anthropicMessages, marked, "amazon.nova-pro-v1:0");
    expect(nova.lost).toEqual(["tools[0].cache_control"]);
    const llama = from(anthropicMessages, marked, "meta.llama3-1-8b-instruct-v1:0");
    expect(llama.lost).toEqual([
      "system[0].cache_control",
      "messages[0].content[0].cache_control",
      "tools[0].cache_control",
    ]);
    expect(JSON.stringify(llama.wire)).not.toContain("cachePoint");
  });

  test("the paths of a report count them as the blocks they are", () => {
    const wire: JsonObject = {
      messages: [
        {
          role: "user",
          content: [
            { text: "a" },
            { cachePoint: { type: "default" } },
            { guardContent: { text: { text: "b", qualifiers: ["query"] } } },
          ],
        },
      ],
    };
    const losses = new LossReport();
    const request = bedrockConverse.request.decode(wire, { model: "m" });
    openaiChat.request.encode(request, { model: "m", stream: false, askUsage: false, outputLimit: 99, losses });
    expect(losses.paths).toEqual(["messages[0].content[0].cache_control", "messages[0].content[2].guardContent"]);
  });
});

describe("limits, sampling and the shape of the answer", () => {
  const messages = [{ role: "user", content: "Hello" }];

  test("rows 30, 31, 33: what has a place keeps it, what only nudges is reported", () => {
    const { wire, lost } = from(openaiChat, {
      messages,
      max_tokens: 10,
      temperature: 1,
      top_p: 0.5,
      stop: ["END"],
      seed: 1,
      presence_penalty: 1,
      frequency_penalty: 1,
      user: "u",
    });
    expect(wire.inferenceConfig).toEqual({ maxTokens: 10, temperature: 1, topP: 0.5, stopSequences: ["END"] });
    // Only who asks for it is told which string it was.
    expect(wire.additionalModelResponseFieldPaths).toEqual(["/stop_sequence"]);
    expect(lost).toEqual(["seed", "presence_penalty", "frequency_penalty", "user"]);
  });

  test.each<[model: string, fields: unknown]>([
    [claude, { top_k: 5 }],
    ["us.amazon.nova-pro-v1:0", { inferenceConfig: { topK: 5 } }],
    ["cohere.command-r-v1:0", { k: 5 }],
  ])("top_k is said in %s's own words", (model, fields) => {
    const { wire } = from(anthropicMessages, { max_tokens: 9, messages, top_k: 5 }, model);
    expect(wire.additionalModelRequestFields).toEqual(fields);
  });

  test("row 36: a schema is text, and is unchanged", () => {
    const schema = { type: "object", properties: { b: { const: 1 }, a: {} } };
    const format = { type: "json_schema", json_schema: { name: "n", description: "d", schema, strict: true } };
    const { wire, lost } = from(openaiChat, { messages, response_format: format });
    expect(wire.outputConfig).toEqual({
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: "n", description: "d" } },
      },
    });
    expect(lost).toEqual([]);
    expect(bedrockConverse.request.decode(wire, { model: "m" }).responseFormat?.kind.value).toMatchObject({ schema });
  });
});

describe("row 67: the path names the model and asks for the stream", () => {
  const wire = { messages: [{ role: "user", content: [{ text: "Hello" }] }] };

  test("both are in the head, and the body of a client passes as it is", () => {
    const head = bedrockConverse.request.head(wire, { model: claude, stream: true });
    expect(head).toMatchObject({ model: claude, stream: true, showUsage: true });
    expect(bedrockConverse.request.edits(wire, { model: "other", askUsage: true }).size).toBe(0);
  });

  test("without a model nobody knows whom to ask", () => {
    expect(() => bedrockConverse.request.head(wire)).toThrow(/names no model/);
  });

  test("a stored prompt needs no messages, everything else does", () => {
    const prompt = "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT12345:1";
    expect(bedrockConverse.request.head({}, { model: prompt }).model).toBe(prompt);
    expect(() => bedrockConverse.request.head({}, { model: claude })).toThrow("`messages` is missing");
  });

  test("who made a model follows from its name, where that says so", () => {
    const named = {
      "us.anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic",
      "amazon.nova-2-lite-v1:0": "amazon",
      "us-gov.meta.llama3-1-8b-instruct-v1:0": "meta",
      "arn:aws:bedrock:us-east-1:1:inference-profile/global.amazon.nova-2-lite-v1:0": "amazon",
      "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc": undefined,
      "the-model": undefined,
    };
    for (const [model, vendor] of Object.entries(named)) expect(vendorOf(model), model).toBe(vendor);
  });
});

describe("row 65: counting", () => {
  test("takes the conversation one level down and nothing else", () => {
    const { wire } = from(anthropicMessages, {
      max_tokens: 99,
      temperature: 1,
      system: "S",
      messages: [{ role: "user", content: "Hello" }],
    });
    expect(bedrockConverse.count.request(wire, "m")).toEqual({
      input: { converse: { messages: [{ role: "user", content: [{ text: "Hello" }] }], system: [{ text: "S" }] } },
    });
    expect(bedrockConverse.count.decode({ inputTokens: 7 })).toBe(7);
    expect(bedrockConverse.count.encode(7)).toEqual({ inputTokens: 7 });
  });

  test("a client's own is read in that form", () => {
    const wire = { input: { converse: { messages: [{ role: "user", content: [{ text: "Hello" }] }] } } };
    expect(bedrockConverse.request.decode(wire, { model: claude }).messages).toHaveLength(1);
    const invoke = { input: { invokeModel: { body: "e30=" } } };
    expect(() => bedrockConverse.request.head(invoke, { model: claude })).toThrow("`input.converse` is missing");
  });
});
