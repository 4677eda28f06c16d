import type { JsonObject } from "@bufbuild/protobuf";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { Reason } from "../../canonical/error.ts";
import { configOf, contents, fromChat, fromMessages, partsOf, refusalOf, toChat, tools } from "./crossed.fixture.ts";
import { gemini } from "./index.ts";

describe("the path says the model and the wish for a stream", () => {
  test("with and without `models/`", () => {
    for (const model of ["gemini-2.5-flash", "models/gemini-2.5-flash"]) {
      const head = gemini.request.head({ contents }, { model, stream: true });
      expect(head).toMatchObject({ model: "gemini-2.5-flash", stream: true, showUsage: true });
    }
    expect(gemini.request.decode({ contents }, { model: "openai/gpt-5" }).model).toBe("openai/gpt-5");
  });

  test("a body that names another model is refused, so that no two readers see two models", () => {
    const refused = refusalOf(() => gemini.request.head({ contents, model: "models/a" }, { model: "b" }));
    expect(refused).toMatchObject({ reason: Reason.INVALID_ARGUMENT, param: "model" });
    expect(gemini.request.head({ contents, model: "models/b" }, { model: "b" }).model).toBe("b");
  });

  test("on the way to an upstream the body changes only where it repeats the model", () => {
    const change = { model: "gemini-3-flash", askUsage: true };
    expect(gemini.request.edits({ contents }, change)).toEqual(new Map());
    expect(gemini.request.edits({ contents, model: "models/x" }, change)).toEqual(
      new Map([["model", '"models/gemini-3-flash"']]),
    );
    const wrapped = { generateContentRequest: { model: "models/x", contents } };
    expect(gemini.request.edits(wrapped, change).get("generateContentRequest")).toBe(
      JSON.stringify({ model: "models/gemini-3-flash", contents }),
    );
  });

  test("all versions of the API are served, and streams are framed as the query asks", () => {
    const paths = gemini.routes.map(({ path }) => path);
    expect(paths).toContain("/v1beta/models/{model}:generateContent");
    expect(paths).toContain("/v1/models/{model}:streamGenerateContent");
    expect(paths).toContain("/v1alpha/models/{model}:countTokens");
    const streamed = gemini.routes.find(({ stream }) => stream)!;
    expect(streamed.framing!(new URLSearchParams("alt=sse")).mediaType).toBe("text/event-stream");
    expect(streamed.framing!(new URLSearchParams("")).mediaType).toBe("application/json");
  });
});

describe("names may be in camelCase and in snake_case", () => {
  const snake = {
    system_instruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ inline_data: { mime_type: "image/png", data: "iVBORw0KGgo=" } }] },
      { role: "model", parts: [{ function_call: { name: "f", args: { snake_key: 1 } }, thought_signature: "c2ln" }] },
      { role: "user", parts: [{ function_response: { name: "f", response: { other_key: 2 } } }] },
    ],
    tools: [{ function_declarations: [{ name: "f", parameters_json_schema: { properties: { snake_key: {} } } }] }],
    tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: ["f"] } },
    generation_config: {
      max_output_tokens: 5,
      stop_sequences: ["x"],
      thinking_config: { thinking_budget: 2000 },
      response_mime_type: "application/json",
    },
    safety_settings: [],
  };
  const camel = {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }] },
      { role: "model", parts: [{ functionCall: { name: "f", args: { snake_key: 1 } }, thoughtSignature: "c2ln" }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { other_key: 2 } } }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f", parametersJsonSchema: { properties: { snake_key: {} } } }] }],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
    generationConfig: {
      maxOutputTokens: 5,
      stopSequences: ["x"],
      thinkingConfig: { thinking_budget: 2000 },
      responseMimeType: "application/json",
    },
    safetySettings: [],
  };

  test("both are the same request, and the keys of arguments and schemas are left alone", () => {
    expect(gemini.request.decode(snake)).toEqual(gemini.request.decode(camel));
    expect(gemini.request.head(snake).maxOutputTokens).toBe(5);
  });

  test("a field that is there in both is refused", () => {
    const wire = { contents, generation_config: {}, generationConfig: {} };
    expect(refusalOf(() => gemini.request.head(wire))).toMatchObject({ param: "generationConfig" });
  });

  test("one object may stand for a list of one", () => {
    const wire = { contents: { parts: { text: "Hello" } }, tools: { functionDeclarations: { name: "f" } } };
    const request = gemini.request.decode(wire);
    expect(request.messages).toMatchObject([{ role: Role.USER, parts: [{ kind: { value: { text: "Hello" } } }] }]);
    expect(request.tools).toMatchObject([{ name: "f" }]);
  });
});

describe("a wrong type is the caller's mistake and is named", () => {
  test.each<[param: string, wire: JsonObject]>([
    ["contents", {}],
    ["contents", { contents: [] }],
    ["contents[0]", { contents: ["Hello"] }],
    ["contents[0].role", { contents: [{ role: "system", parts: [] }] }],
    ["contents[0].parts[0].text", { contents: [{ parts: [{ text: 1 }] }] }],
    ["contents[0].parts[0].inlineData.data", { contents: [{ parts: [{ inlineData: { data: "!" } }] }] }],
    ["contents[0].parts[0].functionCall.name", { contents: [{ role: "model", parts: [{ functionCall: {} }] }] }],
    ["generationConfig.maxOutputTokens", { contents, generationConfig: { maxOutputTokens: -1 } }],
    ["generationConfig.stopSequences[0]", { contents, generationConfig: { stopSequences: [1] } }],
    ["systemInstruction", { contents, systemInstruction: "Be brief." }],
    ["tools[0].functionDeclarations[0].name", { contents, tools: [{ functionDeclarations: [{}] }] }],
  ])("%s", (param, wire) => {
    expect(refusalOf(() => gemini.request.decode(wire))).toMatchObject({ reason: Reason.INVALID_ARGUMENT, param });
  });
});

describe("roles and turns", () => {
  test("hazard 1: leading instructions are one part each, and `developer` is `system`", () => {
    const { wire } = fromChat({
      messages: [
        { role: "system", content: "One" },
        { role: "developer", content: "Two" },
        { role: "user", content: "Hello" },
      ],
    });
    expect(wire.systemInstruction).toEqual({ parts: [{ text: "One" }, { text: "Two" }] });
    expect(wire.contents).toEqual(contents);
  });

  test("hazard 1: a later instruction is said where it stands, by the user, and not moved to the front", () => {
    const messages = [
      { role: "user", content: "Hello" },
      { role: "system", content: "Late" },
      { role: "user", content: "Well?" },
    ];
    const { wire, lost } = fromChat({ messages });
    expect(wire).toMatchObject({
      contents: [{ role: "user", parts: [{ text: "Hello" }, { text: "Late" }, { text: "Well?" }] }],
    });
    expect(lost).toEqual(["messages[1].role"]);
  });

  test("hazard 2: turns of one role are one content, part by part", () => {
    const { wire } = fromChat({
      messages: [
        { role: "user", content: "a" },
        { role: "user", content: "b" },
      ],
    });
    expect(wire.contents).toEqual([{ role: "user", parts: [{ text: "a" }, { text: "b" }] }]);
  });

  test.each([
    [
      "begins",
      "messages[0]",
      [
        { role: "assistant", content: "a" },
        { role: "user", content: "b" },
      ],
    ],
    [
      "ends",
      "messages[1]",
      [
        { role: "user", content: "b" },
        { role: "assistant", content: "a" },
      ],
    ],
  ])("hazard 3: a conversation that %s with the assistant is refused", (_, param, messages) => {
    expect(refusalOf(() => fromChat({ messages }))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param });
  });

  test("hazard 5: texts without a word are left out, and turns of nothing else", () => {
    const { wire } = fromChat({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "" },
            { type: "text", text: "a" },
          ],
        },
        { role: "assistant", content: "" },
        { role: "user", content: "b" },
      ],
    });
    expect(wire.contents).toEqual([{ role: "user", parts: [{ text: "a" }, { text: "b" }] }]);
  });
});

describe("sampling, limits, formats", () => {
  test("hazards 29, 30, 32 and 33: what both know is said as it is", () => {
    const crossed = fromChat({
      max_completion_tokens: 5,
      temperature: 1.9,
      top_p: 0.5,
      stop: ["a", "b"],
      n: 2,
      seed: 7,
      presence_penalty: 1,
      frequency_penalty: -1,
      logprobs: true,
      top_logprobs: 3,
    });
    expect(configOf(crossed)).toEqual({
      maxOutputTokens: 5,
      temperature: 1.9,
      topP: 0.5,
      stopSequences: ["a", "b"],
      candidateCount: 2,
      seed: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      responseLogprobs: true,
      logprobs: 3,
    });
    expect(crossed.lost).toEqual([]);
  });

  test("hazard 31: more than five stop strings are refused", () => {
    expect(refusalOf(() => fromMessages({ stop_sequences: [..."abcdef"] }))).toMatchObject({ param: "stop_sequences" });
  });

  test("hazard 33: a seed that is too large and an odds table are reported lost", () => {
    expect(fromChat({ seed: 2 ** 40, logit_bias: { "1": 1 }, user: "u" }).lost).toEqual(["logit_bias", "seed", "user"]);
  });

  test("hazards 36 and 37: a schema goes where full JSON Schema is taken, unchanged", () => {
    const schema = { type: "object", $defs: { a: {} }, additionalProperties: false, properties: { b: { const: 1 } } };
    const crossed = fromChat({
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
      tools: [{ type: "function", function: { name: "f", parameters: schema } }],
    });
    expect(configOf(crossed)).toEqual({ responseMimeType: "application/json", responseJsonSchema: schema });
    expect(crossed.wire.tools).toEqual([{ functionDeclarations: [{ name: "f", parametersJsonSchema: schema }] }]);
    expect(crossed.lost).toEqual(["response_format.json_schema.name"]);
  });

  test("hazard 38: the API's own form of a schema is JSON Schema elsewhere", () => {
    const own = {
      type: "OBJECT",
      properties: {
        type: { type: "STRING", enum: ["a"], nullable: true, maxLength: "5" },
        list: { type: "ARRAY", minItems: "1", items: { anyOf: [{ type: "INTEGER" }, { type: "NUMBER" }] } },
      },
      required: ["type"],
    };
    const schema = {
      type: "object",
      properties: {
        type: { type: ["string", "null"], enum: ["a", null], maxLength: 5 },
        list: { type: "array", minItems: 1, items: { anyOf: [{ type: "integer" }, { type: "number" }] } },
      },
      required: ["type"],
    };
    const { wire, lost } = toChat({
      tools: [{ functionDeclarations: [{ name: "f", parameters: own }] }],
      generationConfig: { responseMimeType: "application/json", responseSchema: own },
    });
    expect(wire.tools).toEqual([{ type: "function", function: { name: "f", parameters: schema } }]);
    expect(wire.response_format).toMatchObject({ type: "json_schema", json_schema: { schema } });
    expect(lost).toEqual([]);
  });

  test("hazard 39: JSON without a schema is a type of content", () => {
    const crossed = fromChat({ response_format: { type: "json_object" } });
    expect(configOf(crossed)).toEqual({ responseMimeType: "application/json" });
    const back = toChat({ generationConfig: { responseMimeType: "application/json" } });
    expect(back.wire.response_format).toEqual({ type: "json_object" });
  });

  test.each<[param: string, wire: JsonObject]>([
    ["cachedContent", { cachedContent: "cachedContents/a" }],
    ["generationConfig.responseModalities", { generationConfig: { responseModalities: ["AUDIO"] } }],
    ["generationConfig.speechConfig", { generationConfig: { speechConfig: {} } }],
    [
      "generationConfig.responseMimeType",
      { generationConfig: { responseMimeType: "text/x.enum", responseSchema: { type: "STRING" } } },
    ],
  ])("what would change the call is refused elsewhere by name: %s", (param, wire) => {
    expect(refusalOf(() => toChat(wire))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param });
  });

  test("what would not is reported with its path", () => {
    const { lost } = toChat({
      safetySettings: [],
      brandNew: 1,
      generationConfig: { mediaResolution: "LOW", responseModalities: ["TEXT"], brandNew: 2 },
    });
    expect(lost).toEqual([
      "safetySettings",
      "brandNew",
      "generationConfig.mediaResolution",
      "generationConfig.brandNew",
    ]);
  });
});

describe("media", () => {
  const part = (content: JsonObject) => fromChat({ messages: [{ role: "user", content: [content] }] });

  test.each<[what: string, content: JsonObject, expected: JsonObject]>([
    [
      "a picture by its bytes",
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
      { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } },
    ],
    [
      "a picture by its URL",
      { type: "image_url", image_url: { url: "https://example.com/a" } },
      { fileData: { fileUri: "https://example.com/a" } },
    ],
    [
      "a document",
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
      { inlineData: { mimeType: "application/pdf", data: "JVBERi0=" } },
    ],
    [
      "sound",
      { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
      { inlineData: { mimeType: "audio/wav", data: "UklGRg==" } },
    ],
  ])("hazards 40 to 42: %s", (_, content, expected) => {
    expect(partsOf(part(content), 0)).toEqual([expected]);
  });

  test("hazard 41: the id of an uploaded file never crosses", () => {
    const param = "messages[0].content[0]";
    expect(refusalOf(() => part({ type: "file", file: { file_id: "file-1" } }))).toMatchObject({ param });
    const fileUri = "https://generativelanguage.googleapis.com/v1beta/files/abc";
    const uploaded = { contents: [{ parts: [{ fileData: { fileUri, mimeType: "image/png" } }] }] };
    expect(refusalOf(() => toChat(uploaded))).toMatchObject({ param: "contents[0].parts[0]" });
  });

  test("hazard 42: video is refused where there is none", () => {
    const video = { contents: [{ parts: [{ inlineData: { mimeType: "video/mp4", data: "AAAA" } }] }] };
    expect(refusalOf(() => toChat(video))).toMatchObject({ param: "contents[0].parts[0]" });
  });
});

describe("hazard 65: counting tokens", () => {
  test("a request is wrapped, so that instructions and tools are counted too", () => {
    const { wire } = fromChat({ tools });
    const wrapped = gemini.count.request(wire, "gemini-2.5-flash");
    expect(wrapped).toEqual({ generateContentRequest: { model: "models/gemini-2.5-flash", ...wire } });
    expect(gemini.request.decode(wrapped, { model: "gemini-2.5-flash" })).toEqual(
      gemini.request.decode(wire, { model: "gemini-2.5-flash" }),
    );
  });

  test("the answer is the total", () => {
    expect(gemini.count.decode({ totalTokens: 8, promptTokensDetails: [] })).toBe(8);
    expect(gemini.count.encode(8)).toEqual({ totalTokens: 8 });
  });
});
