import { defaultUsage, pieces, type Script, type ScriptedUsage, type Speech } from "./speech.ts";

const responseId = "gemini-simulated";
const path = /^\/v1beta\/models\/([^/]+):(generateContent|streamGenerateContent|countTokens)$/;

/** https://ai.google.dev/api/generate-content */
export const gemini: Speech = {
  dialect: "gemini",

  asks(asked) {
    const [, model, action] = path.exec(asked) ?? [];
    if (model === undefined) return undefined;
    return {
      model: decodeURIComponent(model),
      streamed: action === "streamGenerateContent",
      counting: action === "countTokens",
    };
  },

  whole(script) {
    const text = script.text === undefined ? [] : [{ text: script.text }];
    return response(script, [...text, ...callsOf(script)], script.usage ?? defaultUsage, "STOP");
  },

  // Every chunk tells the usage so far, and the last one why it ends. Calls come whole.
  frames(script) {
    const { input, output } = script.usage ?? defaultUsage;
    const parts: object[][] = [
      ...pieces(script.text ?? "").map((text) => [{ text }]),
      ...callsOf(script).map((c) => [c]),
    ];
    const chunks = parts.map((part) => response(script, part, { input, output: 1 }));
    return [...chunks, response(script, [{ text: "" }], { input, output }, "STOP")].map(
      (chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`,
    );
  },

  error: (status, message) => ({ error: { code: status, message, status: statuses[status] ?? "INTERNAL" } }),

  count: (totalTokens) => ({ totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] }),

  modelList: (names) => ({
    models: names.map((name) => ({
      name: `models/${name}`,
      version: "001",
      displayName: name,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ["generateContent", "countTokens"],
    })),
  }),
};

const statuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function callsOf(script: Script): object[] {
  return (script.calls ?? []).map(({ id, name, arguments: args }) => ({ functionCall: { id, name, args } }));
}

function response(script: Script, parts: readonly object[], { input, output }: ScriptedUsage, finishReason?: string) {
  const usage = {
    promptTokenCount: input,
    candidatesTokenCount: output,
    totalTokenCount: input + output,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
  };
  return {
    candidates: [{ content: { parts, role: "model" }, ...(finishReason && { finishReason }), index: 0 }],
    ...(!script.withoutUsage && { usageMetadata: usage }),
    modelVersion: "gemini-simulated-001",
    responseId,
  };
}
