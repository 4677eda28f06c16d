import { refusesContents } from "./gemini-refusals.ts";
import {
  defaultUsage,
  eventStream,
  pieces,
  type Script,
  type ScriptedUsage,
  type Speech,
  signatureOf,
  wordsOf,
} from "./speech.ts";

const responseId = "gemini-simulated";
const path = /^\/v1beta\/models\/([^/]+):(generateContent|streamGenerateContent|countTokens)$/;

/** https://ai.google.dev/api/generate-content */
export const gemini: Speech = {
  name: "gemini",
  dialect: "gemini",
  streamType: eventStream,

  asks(asked) {
    const [, model, action] = path.exec(asked) ?? [];
    if (model === undefined) return undefined;
    return {
      model: decodeURIComponent(model),
      streamed: action === "streamGenerateContent",
      counting: action === "countTokens",
    };
  },

  refuses: (request, { counting }) => refusesContents(request, counting),

  whole(script) {
    const thoughts = script.thoughts === undefined ? [] : [{ text: script.thoughts, thought: true }];
    const text = script.text === undefined ? [] : [{ text: wordsOf(script.text), ...textSignature(script) }];
    const usage = script.usage ?? defaultUsage;
    return response(script, [...thoughts, ...text, ...callsOf(script)], usage, finishReason(script));
  },

  // Every chunk tells the usage so far, and the last one why it ends. Calls come whole.
  frames(script) {
    const usage = script.usage ?? defaultUsage;
    const parts: object[] = [
      ...pieces(script.thoughts).map((text) => ({ text, thought: true })),
      ...pieces(script.text).map((text) => ({ text })),
      ...callsOf(script),
    ];
    const chunks = parts.map((part) => response(script, [part], { ...usage, output: 1, reasoning: 0 }));
    const last = { text: "", ...textSignature(script) };
    return [...chunks, response(script, [last], usage, finishReason(script))].map(frame);
  },

  error: (status, message) => ({ error: { code: status, message, status: statuses[status] ?? "INTERNAL" } }),

  errorFrame: frame,

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

/** With the carriage returns that Google writes. */
function frame(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\r\n\r\n`;
}

/** Only the first of several calls carries the signature of the thoughts before them. */
function callsOf({ calls = [], thoughts }: Script): object[] {
  return calls.map(({ id, name, arguments: args }, at) => ({
    functionCall: { id, name, args },
    ...(thoughts !== undefined && at === 0 && { thoughtSignature: signatureOf(thoughts) }),
  }));
}

/** The text carries it where there are no calls. */
function textSignature({ calls, thoughts }: Script): object {
  return calls || thoughts === undefined ? {} : { thoughtSignature: signatureOf(thoughts) };
}

function finishReason({ finish, refusal }: Script): string {
  if (finish === "length") return "MAX_TOKENS";
  return finish === "filtered" || refusal !== undefined ? "SAFETY" : "STOP";
}

function response(script: Script, parts: readonly object[], usage: ScriptedUsage, finishReason?: string) {
  const { input, output, cached = 0, reasoning = 0 } = usage;
  return {
    // Who refuses says nothing at all.
    candidates: [
      {
        ...(script.refusal === undefined && { content: { parts, role: "model" } }),
        ...(finishReason && { finishReason }),
        index: 0,
      },
    ],
    ...(!script.withoutUsage && {
      usageMetadata: {
        promptTokenCount: input,
        candidatesTokenCount: output - reasoning,
        totalTokenCount: input + output,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
        ...(cached > 0 && { cachedContentTokenCount: cached }),
        ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
      },
    }),
    modelVersion: "gemini-simulated-001",
    responseId,
  };
}
