import Anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  type Message,
} from "@aws-sdk/client-bedrock-runtime";
import { ApiError, type Content, GoogleGenAI, type Part } from "@google/genai";
import { Mistral } from "@mistralai/mistralai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type Cohere, CohereClientV2, CohereError } from "cohere-ai";
import { Ollama, type Message as OllamaMessage } from "ollama";
import OpenAI from "openai";
import type { SpeechName } from "../simulators/speech.ts";
import { weather } from "./bridge.ts";

/*
 * The vendors' own clients in the few words all of them share: say hello with a tool at hand, and answer the calls that come
 * back. Each can be pointed at a simulator or at the gateway.
 */

export interface Place {
  readonly url: string;
  readonly apiKey: string;
}

export interface Said {
  readonly text: string;
  readonly thoughts: string;
  /** The vendor's seal on the thoughts. */
  readonly signature?: string | undefined;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly finish: string | null | undefined;
  readonly usage: readonly [input: number | undefined, output: number | undefined];
  /** The vendor's own form of it, to be sent back. */
  readonly turn: unknown;
}

export interface Asking {
  readonly streamed: boolean;
  /** What was said to the first question, and what came of its calls. */
  readonly after?: { readonly said: Said; readonly results: readonly string[] };
  readonly signal?: AbortSignal;
}

export interface Vendor {
  readonly sdk: string;
  readonly speech: SpeechName;
  ask(place: Place, model: string, asking: Asking): Promise<Said>;
  /** The class of its errors for a limit that is reached. */
  readonly busy: string;
  statusOf(error: unknown): number | undefined;
  /** How it says that an answer is complete, that it calls, and that it was cut short. */
  readonly finishes: readonly [stop: string, call: string, length: string];
}

const { name, description, schema } = weather;
const parse = (json: string) => JSON.parse(json === "" ? "{}" : json) as unknown;
const statusIn = (error: unknown) => (error as { status?: number }).status;

const chatTools = [{ type: "function" as const, function: { name, description, parameters: schema } }];

const openaiChat: Vendor = {
  sdk: "openai, chat",
  speech: "openai-chat",
  busy: "RateLimitError",
  statusOf: statusIn,
  finishes: ["stop", "tool_calls", "length"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hello" }];
    if (after) {
      messages.push(after.said.turn as OpenAI.ChatCompletionMessageParam);
      for (const [at, { id }] of after.said.calls.entries()) {
        messages.push({ role: "tool", tool_call_id: id, content: after.results[at]! });
      }
    }
    const params = { model, messages, tools: chatTools };
    const options = { stream_options: { include_usage: true } };
    let thoughts = "";
    const helper = () =>
      client.chat.completions
        .stream({ ...params, ...options }, { signal })
        // Fields it does not know are not added up.
        .on("chunk", ({ choices }) => (thoughts += reasoningIn(choices[0]?.delta)));
    const { choices, usage } = streamed
      ? await helper().finalChatCompletion()
      : await client.chat.completions.create(params, { signal });
    const { message, finish_reason: finish } = choices[0]!;
    const calls = (message.tool_calls ?? []).flatMap((call) => (call.type === "function" ? call : []));
    return {
      text: message.content ?? "",
      thoughts: streamed ? thoughts : reasoningIn(message),
      calls: calls.map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: parse(call.function.arguments),
      })),
      finish,
      usage: [usage?.prompt_tokens, usage?.completion_tokens],
      turn: message,
    };
  },
};

function reasoningIn(said: unknown): string {
  return (said as { reasoning_content?: string } | undefined)?.reasoning_content ?? "";
}

const openaiResponses: Vendor = {
  sdk: "openai, responses",
  speech: "openai-responses",
  busy: "RateLimitError",
  statusOf: statusIn,
  finishes: ["completed", "completed", "incomplete"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: "user", content: "Hello" }];
    if (after) {
      input.push(...(after.said.turn as OpenAI.Responses.ResponseInputItem[]));
      for (const [at, { id }] of after.said.calls.entries()) {
        input.push({ type: "function_call_output", call_id: id, output: after.results[at]! });
      }
    }
    const tools = [{ type: "function" as const, name, description, parameters: schema, strict: false }];
    const params = { model, input, tools, include: ["reasoning.encrypted_content" as const] };
    const { output, status, usage, output_text } = streamed
      ? await client.responses.stream(params, { signal }).finalResponse()
      : await client.responses.create(params, { signal });
    const [reasoning] = output.flatMap((item) => (item.type === "reasoning" ? item : []));
    return {
      text: output_text,
      thoughts: reasoning?.summary.map(({ text }) => text).join("") ?? "",
      signature: reasoning?.encrypted_content ?? undefined,
      calls: output.flatMap((item) =>
        item.type === "function_call" ? [{ id: item.call_id, name: item.name, arguments: parse(item.arguments) }] : [],
      ),
      finish: status,
      usage: [usage?.input_tokens, usage?.output_tokens],
      turn: output,
    };
  },
};

const anthropic: Vendor = {
  sdk: "@anthropic-ai/sdk",
  speech: "anthropic-messages",
  busy: "RateLimitError",
  statusOf: statusIn,
  finishes: ["end_turn", "tool_use", "max_tokens"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new Anthropic({ baseURL: url, apiKey, authToken: null, maxRetries: 0 });
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Hello" }];
    if (after) {
      const content = after.said.calls.map(({ id }, at) => ({
        type: "tool_result" as const,
        tool_use_id: id,
        content: after.results[at]!,
      }));
      messages.push({ role: "assistant", content: after.said.turn as Anthropic.ContentBlockParam[] });
      messages.push({ role: "user", content });
    }
    const params = { model, max_tokens: 99, messages, tools: [{ name, description, input_schema: schema }] };
    const { content, stop_reason, usage } = streamed
      ? await client.messages.stream(params, { signal }).finalMessage()
      : await client.messages.create(params, { signal });
    const thinking = content.find((block) => block.type === "thinking");
    return {
      text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      thoughts: thinking?.thinking ?? "",
      signature: thinking?.signature,
      calls: content.flatMap((block) =>
        block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
      ),
      finish: stop_reason,
      usage: [usage.input_tokens, usage.output_tokens],
      turn: content,
    };
  },
};

const google: Vendor = {
  sdk: "@google/genai",
  speech: "gemini",
  busy: "ApiError",
  statusOf: (error) => (error instanceof ApiError ? error.status : undefined),
  finishes: ["STOP", "STOP", "MAX_TOKENS"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const { models } = new GoogleGenAI({ apiKey, apiVersion: "v1beta", httpOptions: { baseUrl: url } });
    const contents: Content[] = [{ role: "user", parts: [{ text: "Hello" }] }];
    if (after) {
      contents.push({ role: "model", parts: after.said.turn as Part[] });
      const parts = after.said.calls.map(({ id, name }, at) => ({
        functionResponse: { id, name, response: { output: after.results[at]! } },
      }));
      contents.push({ role: "user", parts });
    }
    const functionDeclarations = [{ name, description, parametersJsonSchema: schema }];
    const config = { tools: [{ functionDeclarations }], ...(signal && { abortSignal: signal }) };
    const asked = { model, contents, config };
    const chunks = [];
    if (streamed) for await (const chunk of await models.generateContentStream(asked)) chunks.push(chunk);
    else chunks.push(await models.generateContent(asked));
    const parts = chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
    const words = (thought: boolean) =>
      parts.map((part) => (Boolean(part.thought) === thought ? (part.text ?? "") : "")).join("");
    const { candidates, usageMetadata: usage } = chunks.at(-1)!;
    return {
      text: words(false),
      thoughts: words(true),
      signature: parts.find(({ thoughtSignature }) => thoughtSignature)?.thoughtSignature,
      calls: parts.flatMap(({ functionCall: call }) =>
        call ? [{ id: call.id!, name: call.name!, arguments: call.args }] : [],
      ),
      finish: candidates?.[0]?.finishReason,
      usage: [usage?.promptTokenCount, usage?.candidatesTokenCount],
      turn: parts,
    };
  },
};

const bedrock: Vendor = {
  sdk: "@aws-sdk/client-bedrock-runtime",
  speech: "bedrock-converse",
  busy: "ThrottlingException",
  statusOf: (error) => (error instanceof BedrockRuntimeServiceException ? error.$metadata.httpStatusCode : undefined),
  finishes: ["end_turn", "tool_use", "max_tokens"],
  async ask({ url, apiKey }, modelId, { streamed, after, signal }) {
    const client = new BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: url,
      token: { token: apiKey },
      authSchemePreference: ["httpBearerAuth"],
      maxAttempts: 1,
      // By itself it wants HTTP/2, which a simulator does not speak.
      requestHandler: new NodeHttpHandler(),
    });
    const messages: Message[] = [{ role: "user", content: [{ text: "Hello" }] }];
    if (after) {
      messages.push({ role: "assistant", content: after.said.turn as ContentBlock[] });
      const content = after.said.calls.map(({ id }, at) => ({
        toolResult: { toolUseId: id, content: [{ text: after.results[at]! }] },
      }));
      messages.push({ role: "user", content });
    }
    const tools = [{ toolSpec: { name, description, inputSchema: { json: schema } } }];
    const params = { modelId, messages, toolConfig: { tools } };
    const options = signal && { abortSignal: signal };
    const { content, finish, usage } = streamed
      ? await foldConverse((await client.send(new ConverseStreamCommand(params), options)).stream!)
      : await client
          .send(new ConverseCommand(params), options)
          .then(({ output, stopReason, usage }) => ({ content: output!.message!.content!, finish: stopReason, usage }));
    const reasoning = content.find(({ reasoningContent }) => reasoningContent)?.reasoningContent?.reasoningText;
    return {
      text: content.map(({ text }) => text ?? "").join(""),
      thoughts: reasoning?.text ?? "",
      signature: reasoning?.signature,
      calls: content.flatMap(({ toolUse: call }) =>
        call ? [{ id: call.toolUseId!, name: call.name!, arguments: call.input }] : [],
      ),
      finish,
      usage: [usage?.inputTokens, usage?.outputTokens],
      turn: content,
    };
  },
};

type ConverseEvents = NonNullable<Awaited<ReturnType<typeof sendStream>>["stream"]>;
const sendStream = (client: BedrockRuntimeClient, command: ConverseStreamCommand) => client.send(command);

async function foldConverse(events: ConverseEvents) {
  const blocks: Record<number, { text: string; thoughts: string; signature?: string; json: string; call?: object }> =
    {};
  let finish: string | undefined;
  let usage: { inputTokens?: number | undefined; outputTokens?: number | undefined } | undefined;
  for await (const { contentBlockStart: start, contentBlockDelta: more, messageStop, metadata } of events) {
    const at = start?.contentBlockIndex ?? more?.contentBlockIndex;
    if (at !== undefined) {
      blocks[at] ??= { text: "", thoughts: "", json: "" };
      const block = blocks[at];
      const delta = more?.delta;
      if (start?.start?.toolUse) block.call = start.start.toolUse;
      block.text += delta?.text ?? "";
      block.json += delta?.toolUse?.input ?? "";
      block.thoughts += delta?.reasoningContent?.text ?? "";
      if (delta?.reasoningContent?.signature) block.signature = delta.reasoningContent.signature;
    }
    finish = messageStop?.stopReason ?? finish;
    usage = metadata?.usage ?? usage;
  }
  if (finish === undefined) throw new Error("The stream has no end.");
  const content = Object.values(blocks).map(({ text, thoughts, signature, json, call }) => {
    if (call) return { toolUse: { ...call, input: parse(json) } };
    if (thoughts === "") return { text };
    return { reasoningContent: { reasoningText: { text: thoughts, ...(signature && { signature }) } } };
  });
  return { content: content as ContentBlock[], finish, usage };
}

const cohere: Vendor = {
  sdk: "cohere-ai",
  speech: "cohere-chat",
  busy: "TooManyRequestsError",
  statusOf: (error) => (error instanceof CohereError ? error.statusCode : undefined),
  finishes: ["COMPLETE", "TOOL_CALL", "MAX_TOKENS"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new CohereClientV2({ token: apiKey, environment: url, maxRetries: 0 });
    const messages: Cohere.ChatMessageV2[] = [{ role: "user", content: "Hello" }];
    if (after) {
      messages.push(after.said.turn as Cohere.ChatMessageV2);
      for (const [at, { id }] of after.said.calls.entries()) {
        messages.push({ role: "tool", toolCallId: id, content: after.results[at]! });
      }
    }
    const params = { model, messages, tools: chatTools };
    const options = signal && { abortSignal: signal };
    let thoughts = "";
    let text = "";
    const calls: Cohere.ToolCallV2[] = [];
    let finish: string | undefined;
    let usage: Cohere.Usage | undefined;
    if (!streamed) {
      const { message, finishReason, usage: used } = await client.chat(params, options);
      for (const item of message.content ?? []) {
        if (item.type === "text") text += item.text;
        else thoughts += item.thinking;
      }
      calls.push(...(message.toolCalls ?? []));
      [finish, usage] = [finishReason, used];
    } else {
      for await (const event of await client.chatStream(params, options)) {
        if (event.type === "content-delta") {
          text += event.delta?.message?.content?.text ?? "";
          thoughts += event.delta?.message?.content?.thinking ?? "";
        } else if (event.type === "tool-call-start") calls.push(structuredClone(event.delta!.message!.toolCalls!));
        else if (event.type === "tool-call-delta") {
          calls.at(-1)!.function!.arguments += event.delta?.message?.toolCalls?.function?.arguments ?? "";
        } else if (event.type === "message-end") [finish, usage] = [event.delta?.finishReason, event.delta?.usage];
      }
    }
    if (finish === undefined || finish === "ERROR") throw new Error(`The answer ended in ${finish}.`);
    const content = text === "" ? {} : { content: [{ type: "text" as const, text }] };
    const turn: Cohere.ChatMessageV2 = { role: "assistant", ...content, toolCalls: calls };
    return {
      text,
      thoughts,
      calls: calls.map(({ id, function: called }) => ({
        id,
        name: called!.name!,
        arguments: parse(called!.arguments!),
      })),
      finish,
      usage: [usage?.tokens?.inputTokens, usage?.tokens?.outputTokens],
      turn,
    };
  },
};

const ollama: Vendor = {
  sdk: "ollama",
  speech: "ollama-chat",
  busy: "ResponseError",
  statusOf: (error) => (error as { status_code?: number }).status_code,
  finishes: ["stop", "stop", "length"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new Ollama({ host: url, headers: { authorization: `Bearer ${apiKey}` } });
    signal?.addEventListener("abort", () => client.abort());
    const messages: OllamaMessage[] = [{ role: "user", content: "Hello" }];
    if (after) {
      messages.push(after.said.turn as OllamaMessage);
      for (const [at, { name }] of after.said.calls.entries()) {
        messages.push({ role: "tool", tool_name: name, content: after.results[at]! });
      }
    }
    const params = { model, messages, tools: chatTools };
    const parts = [];
    if (streamed) for await (const part of await client.chat({ ...params, stream: true })) parts.push(part);
    else parts.push(await client.chat({ ...params, stream: false }));
    const turn: OllamaMessage = {
      role: "assistant",
      content: parts.map(({ message }) => message.content).join(""),
      thinking: parts.map(({ message }) => message.thinking ?? "").join(""),
      tool_calls: parts.flatMap(({ message }) => message.tool_calls ?? []),
    };
    const last = parts.at(-1)!;
    return {
      text: turn.content,
      thoughts: turn.thinking!,
      calls: turn.tool_calls!.map((call) => ({
        // Its types know of no id, which newer servers send.
        id: (call as { id?: string }).id ?? "",
        name: call.function.name,
        arguments: call.function.arguments,
      })),
      finish: last.done_reason,
      usage: [last.prompt_eval_count, last.eval_count],
      turn,
    };
  },
};

type MistralMessage = Parameters<Mistral["chat"]["complete"]>[0]["messages"][number];
type MistralContent = string | readonly { type?: unknown; text?: string; thinking?: unknown }[] | null | undefined;

const mistral: Vendor = {
  sdk: "@mistralai/mistralai",
  speech: "mistral",
  busy: "SDKError",
  statusOf: (error) => (error as { statusCode?: number }).statusCode,
  finishes: ["stop", "tool_calls", "length"],
  async ask({ url, apiKey }, model, { streamed, after, signal }) {
    const client = new Mistral({ apiKey, serverURL: url });
    const messages: MistralMessage[] = [{ role: "user", content: "Hello" }];
    if (after) {
      messages.push(after.said.turn as MistralMessage);
      for (const [at, { id, name }] of after.said.calls.entries()) {
        messages.push({ role: "tool", toolCallId: id, name, content: after.results[at]! });
      }
    }
    const params = { model, messages, tools: chatTools };
    const options = signal && { fetchOptions: { signal } };
    const contents: MistralContent[] = [];
    const calls: { id?: string; function: { name: string; arguments: unknown } }[] = [];
    let finish: string | null | undefined;
    let usage: { promptTokens?: number | undefined; completionTokens?: number | undefined } | undefined;
    if (!streamed) {
      const answer = await client.chat.complete(params, options);
      const { message, finishReason } = answer.choices[0]!;
      contents.push(message?.content as MistralContent);
      calls.push(...((message?.toolCalls ?? []) as typeof calls));
      [finish, usage] = [finishReason, answer.usage];
    } else {
      for await (const { data } of await client.chat.stream(params, options)) {
        const [choice] = data.choices;
        contents.push(choice?.delta.content as MistralContent);
        calls.push(...((choice?.delta.toolCalls ?? []) as typeof calls));
        finish = choice?.finishReason ?? finish;
        usage = data.usage ?? usage;
      }
      if (!finish) throw new Error("The stream has no end.");
    }
    const parts = contents.flatMap((one) => (typeof one === "string" ? [{ type: "text", text: one }] : (one ?? [])));
    const thoughts = parts.flatMap(({ thinking }) => (thinking as { text?: string }[] | undefined) ?? []);
    const text = parts.map((part) => part.text ?? "").join("");
    return {
      text,
      thoughts: thoughts.map((thought) => thought.text ?? "").join(""),
      calls: calls.map(({ id, function: called }) => ({
        id: id ?? "",
        name: called.name,
        arguments: typeof called.arguments === "string" ? parse(called.arguments) : called.arguments,
      })),
      finish,
      usage: [usage?.promptTokens, usage?.completionTokens],
      turn: { role: "assistant", content: text, toolCalls: calls },
    };
  },
};

export const vendors: readonly Vendor[] = [
  openaiChat,
  openaiResponses,
  anthropic,
  google,
  bedrock,
  cohere,
  ollama,
  mistral,
];
