import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Dispatcher } from "undici";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { embedding, isEmbedding } from "../../dialects/codec.ts";
import type { Address, Dialect, DialectRoute, EmbeddingCodec, RequestHead } from "../../dialects/dialect.ts";
import { dialects } from "../../dialects/index.ts";
import type { Framing } from "../../framing/framing.ts";
import {
  beyondSimulation,
  inputTokensOf,
  type Performance,
  perform,
  type SimulationOptions,
  simulatedModels,
  vectorModel,
} from "./models.ts";
import { embed } from "./vectors.ts";

type Handler = Dispatcher.DispatchHandler;

/**
 * A provider without a network: it takes the very bytes that would go to an upstream and answers with the bytes of the
 * dialect they are in, so that everything between a client and a provider works as it does with a real one.
 */
export class SimulatedDispatcher extends Dispatcher {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    const control = new Control();
    // A real upstream never answers within the call that sends the request.
    setImmediate(() => {
      if (control.aborted) return handler.onResponseError?.(control, control.reason!);
      handler.onRequestStart?.(control, {});
      answer(options, handler, control).then(
        () => {
          if (control.aborted) handler.onResponseError?.(control, control.reason!);
        },
        (error: Error) => handler.onResponseError?.(control, error),
      );
    });
    return true;
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}
}

/** What undici gives a handler to hold on to. */
class Control implements Dispatcher.DispatchController {
  reason: Error | null = null;
  readonly #abort = new AbortController();
  #resumed: (() => void) | undefined;
  #untilResumed: Promise<void> | undefined;

  get aborted(): boolean {
    return this.reason !== null;
  }
  get paused(): boolean {
    return this.#untilResumed !== undefined;
  }
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  abort(reason: Error): void {
    this.reason ??= reason;
    this.#abort.abort(reason);
    this.resume();
  }
  pause(): void {
    this.#untilResumed ??= new Promise((resolve) => {
      this.#resumed = resolve;
    });
  }
  resume(): void {
    this.#resumed?.();
    this.#untilResumed = undefined;
  }
  async whenResumed(): Promise<void> {
    await this.#untilResumed;
  }
}

async function answer(options: Dispatcher.DispatchOptions, handler: Handler, control: Control): Promise<void> {
  const respond = (status: number, contentType: string, headers: Record<string, string> = {}) =>
    handler.onResponseStart?.(control, status, { "content-type": contentType, ...headers });
  const body = (bytes: Buffer) => handler.onResponseData?.(control, bytes);
  const end = () => handler.onResponseEnd?.(control, {});
  const whole = (status: number, value: JsonObject, headers?: Record<string, string>) => {
    respond(status, "application/json", headers);
    body(Buffer.from(JSON.stringify(value)));
    end();
  };

  if (options.method === "GET") {
    return whole(200, { object: "list", data: simulatedModels.map((id) => ({ id, object: "model", created: 0 })) });
  }
  const { dialect, route, address, framing } = routeOf(options.path);
  const refuse = (error: GatewayError) => {
    const headers = error.retryAfterMs === undefined ? undefined : { "retry-after": `${error.retryAfterMs / 1000}` };
    const { status, body } = dialect.error.encode(error, "req_simulated");
    whole(status, body, headers);
  };
  try {
    const wire = JSON.parse(String(options.body)) as JsonObject;
    const { operation } = route;
    const asked = simulationOptions(options.headers);
    if (isEmbedding(operation)) {
      const vectors = embedded(embedding(dialect, operation), wire, address);
      await misbehave(asked, control);
      if (asked.fail === "cut-stream") throw closed();
      return whole(200, vectors);
    }
    const head = dialect.request.head(wire, address);
    const request = dialect.request.decode(wire, address);
    if (operation === "count-tokens") return whole(200, dialect.count.encode(inputTokensOf(request)));
    const beyond = beyondSimulation(request);
    if (beyond !== undefined) return refuse(notSimulated(beyond));
    const performance = perform(request, asked);
    if (!performance) {
      return refuse(modelUnknown(head.model, "that says something"));
    }
    await misbehave(performance, control);

    if (!head.stream) {
      const reply = { ...fold(performance.events), createTimeSeconds: BigInt(nowSeconds()) };
      if (performance.fail === "cut-stream") throw closed();
      return whole(200, dialect.unary.encode(reply, new LossReport(), head));
    }
    respond(200, framing.contentType);
    await stream(dialect, framing, { ...performance, head }, body, control);
    end();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    refuse(error);
  }
}

function embedded(codec: EmbeddingCodec, wire: JsonObject, address: Address): JsonObject {
  const head = codec.request.head(wire, address);
  if (head.model !== vectorModel) throw modelUnknown(head.model, "that makes vectors");
  return codec.unary.encode(embed(codec.request.decode(wire, address)), new LossReport(), head);
}

function notSimulated(param: string): GatewayError {
  return new GatewayError(Reason.INVALID_ARGUMENT, `Simulated models have no \`${param}\`. Leave it out.`, { param });
}

function modelUnknown(model: string, which: string): GatewayError {
  return new GatewayError(Reason.MODEL_UNKNOWN, `There is no simulated model \`${model}\` ${which}.`);
}

/** Fails or waits as it has been told. */
async function misbehave({ fail, delayMs }: Pick<Performance, "fail" | "delayMs">, control: Control): Promise<void> {
  if (fail === "timeout") await new Promise((_, reject) => onAbort(control, reject));
  const failure = failureOf(fail);
  if (failure) throw failure;
  if (delayMs > 0) await wait(delayMs, undefined, { signal: control.signal });
}

async function stream(
  dialect: Dialect,
  framing: Framing,
  performance: Performance & { readonly head: RequestHead },
  body: (bytes: Buffer) => void,
  control: Control,
): Promise<void> {
  const { events, fail, tokensPerSecond, head } = performance;
  const encoder = dialect.stream.encoder({
    showUsage: head.showUsage,
    echo: head.echo,
    model: "",
    id: "",
    createTimeSeconds: nowSeconds(),
    losses: new LossReport(),
  });
  const writer = framing.writer();
  const write = (step: readonly GenerateEvent[]) => {
    const pieces = step.flatMap((event) => encoder.push(event)).map((frame) => Buffer.from(writer.frame(frame)));
    if (pieces.length > 0) body(Buffer.concat(pieces));
  };
  const cutAt = fail === "cut-stream" ? Math.ceil(events.length / 2) : events.length;
  const pauseMs = tokensPerSecond > 0 ? 1000 / tokensPerSecond : 0;
  for (let at = 0; at < cutAt; ) {
    await control.whenResumed();
    if (control.aborted) return;
    // Without a pace an answer goes out as a quick provider's does: several tokens in one read of the socket.
    const count = pauseMs > 0 ? 1 : 16;
    write(events.slice(at, Math.min(at + count, cutAt)));
    at += count;
    if (pauseMs > 0) await wait(pauseMs, undefined, { signal: control.signal });
    else await new Promise(setImmediate);
  }
  if (cutAt < events.length) throw closed();
  const end = writer.end();
  if (end !== "") body(Buffer.from(end));
}

interface Routed {
  readonly dialect: Dialect;
  readonly route: DialectRoute;
  readonly address: Address;
  readonly framing: Framing;
}

function routeOf(url: string): Routed {
  const { pathname, searchParams } = new URL(url, "http://simulated.invalid");
  for (const dialect of dialects) {
    for (const route of dialect.routes) {
      // Some dialects have no version in their paths, and the simulated base URL has one.
      const model = modelAt(route, pathname) ?? modelAt(route, pathname.replace(/^\/v1\//, "/"));
      if (model === undefined) continue;
      const address = { ...(model === "" ? {} : { model }), ...(route.stream ? { stream: true } : {}) };
      return { dialect, route, address, framing: route.framing?.(searchParams) ?? dialect.stream.framing };
    }
  }
  throw new Error(`The simulated provider has nothing at ${url}.`);
}

/** The model that a path names; "" where the route leaves that to the body, undefined where it is another's path. */
function modelAt({ path }: DialectRoute, pathname: string): string | undefined {
  const [before, after] = path.split("{model}");
  if (after === undefined) return path === pathname ? "" : undefined;
  const isIts = pathname.startsWith(before!) && pathname.endsWith(after);
  const model = isIts ? pathname.slice(before!.length, pathname.length - after.length) : "";
  return model === "" ? undefined : decodeURIComponent(model);
}

/** `429;retry-after=2` and the like. */
function failureOf(script: string): GatewayError | undefined {
  const [what = "", ...options] = script.split(";").map((part) => part.trim());
  const status = Number(what);
  if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
  const retryAfter = options.find((option) => option.startsWith("retry-after="))?.slice("retry-after=".length);
  const reason =
    status === 429 ? Reason.UPSTREAM_RATE_LIMITED : status >= 500 ? Reason.UPSTREAM_FAILED : Reason.UPSTREAM_REJECTED;
  return new GatewayError(reason, `sim/flaky was told to fail with ${status}.`, {
    status,
    ...(retryAfter ? { retryAfterMs: Number(retryAfter) * 1000 } : {}),
  });
}

function simulationOptions(headers: Dispatcher.DispatchOptions["headers"]): SimulationOptions {
  const list = Array.isArray(headers) ? (headers as string[]) : [];
  const header = (name: string) => {
    const at = list.indexOf(name);
    return at === -1 ? "" : (list[at + 1] ?? "");
  };
  const amount = (name: string, most: number) => Math.min(Math.max(Number(header(name)) || 0, 0), most);
  return {
    tokensPerSecond: amount("x-sim-tps", 100_000),
    delayMs: amount("x-sim-delay", 600_000),
    fail: header("x-sim-fail"),
  };
}

function onAbort(control: Control, reject: (reason: Error) => void): void {
  control.signal.addEventListener("abort", () => reject(control.reason!), { once: true });
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function closed(): Error {
  return Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
}
