import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatAnthropic } from "@langchain/anthropic";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type AIMessage, HumanMessage, type ToolMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatGoogle } from "@langchain/google";
import { ChatOpenAI } from "@langchain/openai";
import { APICallError, generateText, isStepCount, type LanguageModel, Output, RetryError, streamText, tool } from "ai";
import { z } from "zod";

// It warns of every model it does not know by name.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** Where the gateway is, as these libraries are told. */
export interface Place {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** A library that has its own idea of models and speaks one of the gateway's dialects. */
export interface Framework {
  readonly name: string;
  text(model: string, prompt: string): Promise<string>;
  stream(model: string, prompt: string, signal?: AbortSignal): AsyncIterable<string>;
  /** Lets the model call the tool as often as it likes, and gives its last words. */
  useTool(model: string, prompt: string, run: (city: string) => string): Promise<string>;
  /** An answer in the shape of `{ city, days }`. */
  object(model: string, prompt: string): Promise<unknown>;
  look(model: string, prompt: string, png: Buffer): Promise<string>;
  /** What the model thought before it answered. Absent where the library has no place for it. */
  thoughts?(model: string, prompt: string): Promise<string | undefined>;
  /** The HTTP status of the error it raises. */
  statusOf(error: unknown): number | undefined;
}

const trip = z.object({ city: z.string(), days: z.number().int() });
const description = "Tells the weather of a city.";
const question = z.object({ city: z.string(), days: z.number().int().optional() });

function aiSdk(
  name: string,
  modelAt: (place: Place, model: string) => LanguageModel,
  place: Place,
  { thinks = true } = {},
): Framework {
  const at = (model: string) => ({ model: modelAt(place, model), maxRetries: 0, maxOutputTokens: 1024 });
  return {
    name: `AI SDK, ${name}`,
    text: async (model, prompt) => (await generateText({ ...at(model), prompt })).text,
    stream(model, prompt, signal) {
      let failure: unknown;
      const { textStream } = streamText({
        ...at(model),
        prompt,
        ...(signal && { abortSignal: signal }),
        onError: ({ error }) => {
          failure = error;
        },
      });
      return (async function* () {
        yield* textStream;
        if (failure) throw failure;
        signal?.throwIfAborted();
      })();
    },
    async useTool(model, prompt, run) {
      const weather = tool({ description, inputSchema: question, execute: ({ city }) => run(city) });
      return (await generateText({ ...at(model), prompt, tools: { weather }, stopWhen: isStepCount(4) })).text;
    },
    object: async (model, prompt) =>
      (await generateText({ ...at(model), prompt, output: Output.object({ schema: trip }) })).output,
    async look(model, prompt, png) {
      const content = [
        { type: "text" as const, text: prompt },
        { type: "file" as const, data: png, mediaType: "image/png" },
      ];
      return (await generateText({ ...at(model), messages: [{ role: "user", content }] })).text;
    },
    ...(thinks && {
      thoughts: async (model, prompt) => (await generateText({ ...at(model), prompt })).reasoningText,
    }),
    statusOf(error) {
      const last = RetryError.isInstance(error) ? error.lastError : error;
      return APICallError.isInstance(last) ? last.statusCode : undefined;
    },
  };
}

function langChain(name: string, modelAt: (place: Place, model: string) => BaseChatModel, place: Place): Framework {
  const at = (model: string) => modelAt(place, model);
  return {
    name: `LangChain, ${name}`,
    text: async (model, prompt) => (await at(model).invoke(prompt)).text,
    async *stream(model, prompt, signal) {
      for await (const chunk of await at(model).stream(prompt, signal && { signal })) {
        if (chunk.text !== "") yield chunk.text;
      }
    },
    async useTool(model, prompt, run) {
      const weather = langchainTool(({ city }: z.infer<typeof question>) => run(city), {
        name: "weather",
        description,
        schema: question,
      });
      const bound = at(model).bindTools!([weather]);
      const messages: (HumanMessage | AIMessage | ToolMessage)[] = [new HumanMessage(prompt)];
      for (;;) {
        const answer = (await bound.invoke(messages)) as AIMessage;
        messages.push(answer);
        if (!answer.tool_calls?.length) return answer.text;
        for (const call of answer.tool_calls) messages.push((await weather.invoke(call)) as ToolMessage);
      }
    },
    object: (model, prompt) => at(model).withStructuredOutput(trip, { method: "jsonSchema" }).invoke(prompt),
    async look(model, prompt, png) {
      const content = [
        { type: "text" as const, text: prompt },
        { type: "image" as const, mimeType: "image/png", data: png.toString("base64") },
      ];
      return (await at(model).invoke([new HumanMessage({ contentBlocks: content })])).text;
    },
    statusOf(error) {
      const { status, statusCode } = error as { status?: number; statusCode?: number };
      return status ?? statusCode;
    },
  };
}

/** Every framework and dialect, at one gateway. */
export function frameworksAt(place: Place): Framework[] {
  const v1 = ({ baseUrl, apiKey }: Place) => ({ baseURL: `${baseUrl}/v1`, apiKey });
  return [
    aiSdk("OpenAI chat", (at, model) => createOpenAI(v1(at)).chat(model), place, { thinks: false }),
    aiSdk("OpenAI Responses", (at, model) => createOpenAI(v1(at)).responses(model), place),
    aiSdk("Anthropic", (at, model) => createAnthropic(v1(at))(model), place),
    aiSdk(
      "Google",
      ({ baseUrl, apiKey }, model) => createGoogleGenerativeAI({ baseURL: `${baseUrl}/v1beta`, apiKey })(model),
      place,
    ),
    langChain("OpenAI chat", (at, model) => chatOpenAi(at, model, false), place),
    langChain("OpenAI Responses", (at, model) => chatOpenAi(at, model, true), place),
    langChain(
      "Anthropic",
      ({ baseUrl, apiKey }, model) =>
        new ChatAnthropic({ model, apiKey, anthropicApiUrl: baseUrl, maxRetries: 0, maxTokens: 1024 }),
      place,
    ),
    langChain(
      "Google",
      ({ baseUrl, apiKey }, model) =>
        new ChatGoogle({ model, apiKey, endpoint: baseUrl, platformType: "gai", maxRetries: 0 }),
      place,
    ),
  ];
}

function chatOpenAi({ baseUrl, apiKey }: Place, model: string, useResponsesApi: boolean): ChatOpenAI {
  return new ChatOpenAI({ model, apiKey, configuration: { baseURL: `${baseUrl}/v1` }, maxRetries: 0, useResponsesApi });
}
