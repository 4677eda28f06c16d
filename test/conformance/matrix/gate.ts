import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import {
  type GenerateEvent,
  type GenerateReply,
  GenerateReplySchema,
  GenerateRequestSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Dispatcher } from "undici";
import { GatewayError } from "../../../server/src/canonical/error.ts";
import { fold } from "../../../server/src/canonical/fold.ts";
import { LossReport } from "../../../server/src/canonical/loss.ts";
import { messagesOnBedrock } from "../../../server/src/dialects/anthropic-messages/on-bedrock.ts";
import { messagesOnVertex } from "../../../server/src/dialects/anthropic-messages/on-vertex.ts";
import { generation } from "../../../server/src/dialects/codec.ts";
import type { Dialect } from "../../../server/src/dialects/dialect.ts";
import { geminiOnVertex } from "../../../server/src/dialects/gemini/on-vertex.ts";
import { dialectOf, dialects } from "../../../server/src/dialects/index.ts";
import { objectIn, parseObject } from "../../../server/src/dialects/wire.ts";
import { Journal } from "../../../server/src/events/journal.ts";
import { CanonicalRequest, wireRequest } from "../../../server/src/payload/request.ts";
import { Call } from "../../../server/src/pipeline/call.ts";
import { KeyRing } from "../../../server/src/pipeline/key-ring.ts";
import { createPipeline } from "../../../server/src/pipeline/pipeline.ts";
import { eventWriter } from "../../../server/src/pipeline/relay.ts";
import type { Piece, Reply } from "../../../server/src/pipeline/reply.ts";
import { Router } from "../../../server/src/pipeline/router.ts";
import { catalogue, type ProviderTypeName } from "../../../server/src/providers/catalogue.ts";
import { createProvider, type Provider, type ProviderSettings } from "../../../server/src/providers/provider.ts";
import { systemWorld } from "../../../server/src/world.ts";
import type { Fragment, Speaker } from "./feature.ts";

/*
 * The gate without its port: a request goes through the pipeline to a provider whose dispatcher is a script, and the answer
 * comes back as the client would read it.
 */

/** An upstream: a type of the catalogue, spoken to in one of its dialects. */
export interface Upstream {
  readonly name: string;
  /** As this host speaks it. */
  readonly dialect: Dialect;
  readonly type: ProviderTypeName;
  /** What an instance of the type must say. */
  readonly settings?: Partial<ProviderSettings>;
  readonly model?: string;
}

const types = Object.keys(catalogue).filter((type) => type !== "simulated") as ProviderTypeName[];

/** What an instance at Google's cloud must say. */
const place = { project: "p", location: "global" };

/**
 * Each dialect at the first type of the catalogue that speaks it; types that speak Chat in their own way; and dialects at
 * hosts that put them into another envelope.
 */
export const upstreams: readonly Upstream[] = [
  ...dialects.map((dialect) => ({
    name: dialect.id as string,
    dialect,
    type: types.find((type) => catalogue[type].speaks.some((speech) => speech.dialect === dialect.id))!,
  })),
  ...(["mistral", "deepseek", "openrouter", "vllm"] as const).map((type) => ({
    ...{ name: type as string, type, dialect: dialectOf("openai-chat") },
  })),
  {
    ...{ name: "Azure by date", type: "azure", dialect: dialectOf("openai-chat") },
    settings: { apiVersion: "2024-10-21" },
  },
  { ...{ name: "Gemini on Vertex", type: "vertex", dialect: geminiOnVertex, settings: place } },
  {
    ...{ name: "Claude on Vertex", type: "vertex", dialect: messagesOnVertex, settings: place },
    model: "claude-sonnet-4-5",
  },
  {
    ...{ name: "Claude on Bedrock", type: "bedrock", dialect: messagesOnBedrock },
    model: "anthropic.claude-sonnet-4-5-v1:0",
  },
];

/** The dialects of the front doors, and our own RPCs. */
export const doors: readonly Speaker[] = [
  ...dialects.filter(({ routes }) => routes.length > 0).map(({ id }) => id),
  "pontage",
];

/** A model for which each family has all its words. */
const models: Readonly<Record<string, string>> = {
  gemini: "gemini-2.5-flash",
  "bedrock-converse": "anthropic.claude-sonnet-4-5-v1:0",
  "openai-completions": "gpt-3.5-turbo-instruct",
};

/** What an upstream sends: a status, a type, and pieces; `cut` breaks the connection after them, `hang` says no more. */
export interface Script {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly pieces: readonly (string | Buffer)[];
  readonly ends?: "well" | "cut" | "hang";
  readonly pauseMs?: number;
}

/** What the call has come to. */
export interface Result {
  /** What the upstream was sent; undefined when nothing was. */
  readonly sent: JsonObject | undefined;
  /** The answer as the client reads it, as one value. */
  readonly answer: JsonObject | undefined;
  /** Why there is none, or why it broke off. */
  readonly error: GatewayError | undefined;
  /** The client had been shown something when it failed. */
  readonly inStream: boolean;
  readonly losses: readonly string[];
  readonly attempts: Call["attempts"];
}

class ScriptedDispatcher extends Dispatcher {
  sent: JsonObject | undefined;
  readonly #script: Script;

  constructor(script: Script) {
    super();
    this.#script = script;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.sent = JSON.parse(String(options.body)) as JsonObject;
    const { status = 200, contentType, headers, pieces, ends = "well", pauseMs } = this.#script;
    const control = new AbortController();
    const controller = {
      ...{ aborted: false, paused: false, reason: null, pause() {}, resume() {} },
      abort: () => control.abort(),
    } as unknown as Dispatcher.DispatchController;
    const run = async () => {
      handler.onRequestStart?.(controller, {});
      handler.onResponseStart?.(controller, status, { "content-type": contentType, ...headers });
      for (const piece of pieces) {
        if (control.signal.aborted) return;
        if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
        handler.onResponseData?.(controller, Buffer.from(piece as string));
      }
      if (control.signal.aborted) return;
      if (ends === "well") handler.onResponseEnd?.(controller, {});
      if (ends === "cut") {
        handler.onResponseError?.(controller, Object.assign(new Error("reset"), { code: "ECONNRESET" }));
      }
    };
    setImmediate(() => void run());
    return true;
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}
}

const journal = new Journal({
  root: mkdtempSync(join(tmpdir(), "pontage-matrix-")),
  ...{ producer: "gw_matrix", report: () => {}, reserveBytes: 0, sync: "none" as const },
});
const { clock } = systemWorld;
const keys = new KeyRing(() => 0);

export interface Asked {
  readonly door: Speaker;
  readonly upstream: Upstream;
  readonly stream: boolean;
  readonly request: Fragment;
  readonly script: Script;
  readonly totalMs?: number;
}

export async function callThrough({
  door,
  upstream,
  stream,
  request,
  script,
  totalMs = 5_000,
}: Asked): Promise<Result> {
  const dispatcher = new ScriptedDispatcher(script);
  const provider = providerOf(upstream, dispatcher, totalMs);
  const model = `up/${upstream.model ?? models[upstream.dialect.id] ?? "m"}`;
  const dialect = door === "pontage" ? undefined : dialectOf(door);
  const call = new Call({
    ...{ id: "req_matrix", headers: {}, startTimeMs: clock.nowMs(), arrivedAtMs: clock.monotonicMs() },
    door: { dialect, operation: "generate", framing: dialect?.stream.framing },
    read: async () => {
      if (!dialect) {
        const value = fromJson(GenerateRequestSchema, { ...request, model } as never);
        const head = { model, stream, showUsage: true, maxOutputTokens: value.maxOutputTokens };
        return new CanonicalRequest(generation, value, head, 100);
      }
      const named = dialect.routes.some(({ path }) => path.includes("{model}"));
      // They show usage in a stream only when asked.
      const asks = door === "openai-chat" || door === "openai-completions";
      const usage = asks && stream ? { stream_options: { include_usage: true } } : {};
      const wire = named ? request : { ...request, model, stream, ...usage };
      return wireRequest(dialect, "generate", Buffer.from(JSON.stringify(wire)), named ? { model, stream } : {});
    },
  });
  call.caller = { keyId: "key_1", keyName: "matrix" };
  const router = new Router([provider]);
  const pipeline = createPipeline({ keys, router, journal, clock, thoughts: undefined, random: () => 0 });
  const seen = { sent: () => dispatcher.sent, losses: () => call.losses.paths, attempts: call.attempts };
  try {
    const { value, error, inStream } = await read(call, await pipeline(call), dialect);
    return { sent: seen.sent(), answer: value, error, inStream, losses: seen.losses(), attempts: seen.attempts };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const nothing = { answer: undefined, error, inStream: false };
    return { sent: seen.sent(), ...nothing, losses: seen.losses(), attempts: seen.attempts };
  }
}

function providerOf({ type, dialect, settings: own }: Upstream, dispatcher: Dispatcher, totalMs: number): Provider {
  const settings = {
    ...{ name: "up", type, credential: "upstream-canary", baseUrl: "http://upstream.invalid/v1" },
    ...{ timeouts: { totalMs }, ...own },
  };
  const provider = createProvider(settings, clock, dispatcher);
  return { ...provider, speaks: provider.speaks.filter((speaking) => speaking.dialect === dialect) };
}

interface Read {
  readonly value: JsonObject | undefined;
  readonly error: GatewayError | undefined;
  readonly inStream: boolean;
}

async function read(call: Call, reply: Reply, dialect: Dialect | undefined): Promise<Read> {
  if (reply.kind === "count" || reply.kind === "vectors") throw new Error("something was to be generated");
  const whole = (value: JsonObject): Read => ({ value, error: undefined, inStream: false });
  const names = { id: call.id, model: "m", createTimeSeconds: 1 };
  if (reply.kind === "unary") {
    if (!dialect) return whole(jsonOf(reply.value()));
    const { head } = call.request!;
    if (!head.stream) return whole(JSON.parse(String(reply.bytes(dialect, call.losses, names, head))));
    const context = { ...names, showUsage: true, losses: call.losses };
    const writer = dialect.stream.framing.writer();
    const pieces = reply.events().flatMap(eventWriter(dialect, context, writer));
    return readPieces([...pieces, writer.end()], dialect);
  }
  const pieces: Piece[] = [];
  await new Promise<void>((resolve) =>
    reply.attach({
      write: (piece) => pieces.push(piece) > 0,
      end: resolve,
    }),
  );
  if (reply.writer) pieces.push(reply.writer.end());
  return dialect ? readPieces(pieces, dialect) : readEvents(pieces as GenerateEvent[]);
}

/** A stream as a client of the dialect reads it. */
function readPieces(pieces: readonly Piece[], dialect: Dialect): Read {
  const decoder = dialect.stream.decoder();
  const events: GenerateEvent[] = [];
  /** The whole answer, in dialects that repeat it at the end. */
  let repeated: JsonObject | undefined;
  const reader = dialect.stream.framing.reader(
    (frame) => {
      repeated = objectIn(parseObject(frame.data)?.response);
      events.push(...decoder.push(frame));
    },
    { maxFrameBytes: 1e7 },
  );
  for (const piece of pieces) reader.push(Buffer.from(piece as string));
  reader.end();
  events.push(...decoder.end());
  const { value, error, inStream } = readEvents(events);
  return { value: value && (repeated ?? dialect.unary.encode(fold(events), new LossReport())), error, inStream };
}

function readEvents(events: readonly GenerateEvent[]): Read {
  const last = events.at(-1)?.event;
  if (last?.case === "finished") return { value: jsonOf(fold(events)), error: undefined, inStream: false };
  const { status = 0, reason = 0, message = "no ending" } = last?.case === "failed" ? (last.value.error ?? {}) : {};
  return { value: undefined, error: new GatewayError(reason, message, { status }), inStream: true };
}

function jsonOf(reply: GenerateReply): JsonObject {
  return toJson(GenerateReplySchema, create(GenerateReplySchema, reply)) as JsonObject;
}
