import { fieldsOfInterface, fieldsWritten } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const file = "@google/genai/dist/genai.d.ts";
const dialect = "gemini";
const user = { role: "user", parts: [{ text: "Hello" }] };
const request = { contents: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ functionDeclarations: [{ name: "weather" }] }];
const call = { functionCall: { id: "call_1", name: "weather", args: {} } };
const result = { functionResponse: { id: "call_1", name: "weather", response: { output: "Rain." } } };
const called = { contents: [user, { role: "model", parts: [call] }, { role: "user", parts: [result] }], tools };

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: [], given: [], request },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});

export const geminiShapes: readonly Shape[] = [
  {
    ...shape("request", "", { given: ["contents", "_url"], samples: {} }),
    // The library's own parameters have another shape; these write the request.
    published: () =>
      fieldsWritten(
        "@google/genai/dist/node/index.mjs",
        ["Parameters", "Config"].flatMap((what) =>
          ["Mldev", "Vertex"].map((where) => `generateContent${what}To${where}`),
        ),
        "toObject",
      ),
    samples: {
      generationConfig: { temperature: 0.61 },
      serviceTier: "flex",
      systemInstruction: { parts: [{ text: "Be brief." }] },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
      tools: [{ functionDeclarations: [{ name: "weather", description: "Tells it.", parameters: schema }] }],
      toolConfig: sample({ functionCallingConfig: { mode: "ANY" } }, { tools }),
      labels: { purpose: "trial" },
      cachedContent: "cachedContents/77",
      continuationToken: "token_77",
      store: true,
      modelArmorConfig: { promptTemplateName: "armor-77" },
      outputConfig: { gcsUri: "gs://bucket/77" },
    },
  },
  shape("generationConfig", "GenerationConfig", {
    at: ["generationConfig"],
    samples: {
      modelSelectionConfig: { featureSelectionPreference: "BALANCED" },
      responseJsonSchema: sample(schema, { responseMimeType: "application/json" }),
      audioTranscriptionConfig: { languageCodes: ["de"] },
      audioTimestamp: true,
      candidateCount: 3,
      enableAffectiveDialog: true,
      frequencyPenalty: 0.31,
      logprobs: sample(7, { responseLogprobs: true }),
      maxOutputTokens: 4321,
      mediaResolution: "MEDIA_RESOLUTION_LOW",
      presencePenalty: 0.32,
      responseFormat: { text: { mimeType: "text/plain" } },
      responseLogprobs: true,
      responseMimeType: "application/json",
      responseModalities: ["IMAGE"],
      responseSchema: sample(schema, { responseMimeType: "application/json" }),
      routingConfig: { autoMode: { modelRoutingPreference: "BALANCED" } },
      seed: 77231,
      speechConfig: { languageCode: "de-DE" },
      stopSequences: ["HALT"],
      temperature: 0.61,
      thinkingConfig: { thinkingBudget: 2048, includeThoughts: true },
      topK: 41,
      topP: 0.62,
      enableEnhancedCivicAnswers: true,
      translationConfig: { targetLanguageCode: "de" },
    },
  }),
  shape("generationConfig.thinkingConfig", "ThinkingConfig", {
    at: ["generationConfig", "thinkingConfig"],
    samples: { includeThoughts: true, thinkingBudget: 2048, thinkingLevel: "HIGH" },
  }),
  shape("toolConfig", "ToolConfig", {
    ...{ at: ["toolConfig"], request: { ...request, tools } },
    samples: {
      functionCallingConfig: { mode: "ANY" },
      retrievalConfig: { languageCode: "de" },
      includeServerSideToolInvocations: true,
    },
  }),
  shape("toolConfig.functionCallingConfig", "FunctionCallingConfig", {
    ...{ at: ["toolConfig", "functionCallingConfig"], request: { ...request, tools } },
    samples: {
      allowedFunctionNames: sample(["weather"], { mode: "ANY" }),
      mode: "ANY",
      streamFunctionCallArguments: true,
    },
  }),
  shape("tools[]", "Tool", {
    ...{ at: ["tools", 0], given: ["mcpServers"], request: { ...request, tools: [{}] } },
    samples: {
      retrieval: { disableAttribution: true },
      googleMaps: {},
      codeExecution: {},
      computerUse: { environment: "ENVIRONMENT_BROWSER" },
      enterpriseWebSearch: {},
      exaAiSearch: { apiKey: "exa" },
      functionDeclarations: [{ name: "weather" }],
      googleSearch: {},
      googleSearchRetrieval: {},
      parallelAiSearch: { apiKey: "parallel" },
      urlContext: {},
      fileSearch: { fileSearchStoreNames: ["stores/77"] },
    },
  }),
  shape("functionDeclarations[]", "FunctionDeclaration", {
    ...{ at: ["tools", 0, "functionDeclarations", 0], given: ["name"], request: { ...request, tools } },
    samples: {
      behavior: "NON_BLOCKING",
      description: "Tells the weather.",
      parameters: schema,
      parametersJsonSchema: schema,
      response: { type: "object", properties: { rain: { type: "boolean" } } },
      responseJsonSchema: { type: "object", properties: { rain: { type: "boolean" } } },
    },
  }),
  shape("parts[] of the user", "Part", {
    ...{ at: ["contents", 0, "parts", 0], given: ["thought", "thoughtSignature", "functionCall", "functionResponse"] },
    request: { contents: [{ role: "user", parts: [{}, { text: "Hello" }] }] },
    samples: {
      mediaResolution: sample(
        { level: "MEDIA_RESOLUTION_LOW" },
        { inlineData: { mimeType: "image/png", data: "AAAA" } },
      ),
      toolCall: { id: "tool_77", toolType: "GOOGLE_SEARCH_WEB" },
      toolResponse: { id: "tool_77", toolType: "GOOGLE_SEARCH_WEB" },
      audioTranscription: { text: "transcribed" },
      codeExecutionResult: { outcome: "OUTCOME_OK", output: "77" },
      executableCode: { language: "PYTHON", code: "print(77)" },
      fileData: { mimeType: "image/png", fileUri: "https://example.com/77.png" },
      inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" },
      text: "Good morning",
      videoMetadata: sample({ fps: 77 }, { inlineData: { mimeType: "video/mp4", data: "AAAA" } }),
      partMetadata: sample({ stream_id: "part-77" }, { text: "Hi" }),
      mediaProcessing: sample({ crop: "77" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }),
      speechMetadata: sample({ speaker: "speaker-77" }, { text: "Hi" }),
    },
  }),
  shape("parts[] of the model", "", {
    ...{ at: ["contents", 1, "parts", 0] },
    // What only the model says; the others are tried in the user's turn.
    published: () => ["functionCall", "thought", "thoughtSignature"],
    request: {
      contents: [user, { role: "model", parts: [{}, { text: "Hi" }] }, { role: "user", parts: [result] }],
      tools,
    },
    samples: {
      functionCall: { id: "call_1", name: "weather", args: { city: "Bonn" } },
      thought: sample(true, { text: "Thinking." }),
      thoughtSignature: sample("Y2FuYXJ5", { text: "Thinking.", thought: true }),
    },
  }),
  shape("parts[].functionCall", "FunctionCall", {
    ...{ at: ["contents", 1, "parts", 0, "functionCall"], given: ["name", "id"], request: called },
    samples: { args: { city: "Bonn" }, partialArgs: [{ jsonPath: "$.city", stringValue: "Bonn" }], willContinue: true },
  }),
  shape("parts[].functionResponse", "FunctionResponse", {
    ...{ at: ["contents", 2, "parts", 0, "functionResponse"], given: ["name", "id"], request: called },
    samples: {
      willContinue: true,
      scheduling: "SILENT",
      parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }],
      response: { output: "It rains." },
    },
  }),
];
