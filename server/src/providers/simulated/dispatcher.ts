import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Dispatcher } from "undici";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import type { Dialect, Operation } from "../../dialects/dialect.ts";
import { dialects } from "../../dialects/index.ts";
import { inputTokensOf, type Performance, perform, type SimulationOptions, simulatedModels } from "./models.ts";

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
  const body = (text: string) => handler.onResponseData?.(control, Buffer.from(text));
  const end = () => handler.onResponseEnd?.(control, {});
  const whole = (status: number, value: JsonObject, headers?: Record<string, string>) => {
    respond(status, "application/json", headers);
    body(JSON.stringify(value));
    end();
  };

  if (options.method === "GET") {
    return whole(200, { object: "list", data: simulatedModels.map((id) => ({ id, object: "model", created: 0 })) });
  }
  const { dialect, operation } = routeOf(options.path);
  const refuse = (error: GatewayError) => {
    const headers = error.retryAfterMs === undefined ? undefined : { "retry-after": `${error.retryAfterMs / 1000}` };
    const { status, body } = dialect.error.encode(error, "req_simulated");
    whole(status, body, headers);
  };
  try {
    const wire = JSON.parse(String(options.body)) as JsonObject;
    const head = dialect.request.head(wire);
    const request = dialect.request.decode(wire);
    if (operation === "count-tokens") return whole(200, dialect.count.encode(inputTokensOf(request)));
    const performance = perform(request, simulationOptions(options.headers));
    if (!performance) {
      return refuse(new GatewayError(Reason.MODEL_UNKNOWN, `There is no simulated model \`${head.model}\`.`));
    }
    if (performance.fail === "timeout") return await new Promise((_, reject) => onAbort(control, reject));
    const failure = failureOf(performance.fail);
    if (failure) return refuse(failure);
    if (performance.delayMs > 0) await wait(performance.delayMs, undefined, { signal: control.signal });

    if (!head.stream) {
      const reply = { ...fold(performance.events), createTimeSeconds: BigInt(nowSeconds()) };
      if (performance.fail === "cut-stream") throw closed();
      return whole(200, dialect.unary.encode(reply, new LossReport()));
    }
    respond(200, `${dialect.stream.framing.mediaType}; charset=utf-8`);
    await stream(dialect, { ...performance, showUsage: head.showUsage }, body, control);
    end();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    refuse(error);
  }
}

async function stream(
  dialect: Dialect,
  performance: Performance & { readonly showUsage: boolean },
  body: (text: string) => void,
  control: Control,
): Promise<void> {
  const { events, fail, tokensPerSecond, showUsage } = performance;
  const encoder = dialect.stream.encoder({
    showUsage,
    model: "",
    id: "",
    createTimeSeconds: nowSeconds(),
    losses: new LossReport(),
  });
  const writer = dialect.stream.framing.writer();
  const write = (step: readonly GenerateEvent[]) => {
    const frames = step.flatMap((event) => encoder.push(event)).map((frame) => writer.frame(frame));
    if (frames.length > 0) body(frames.join(""));
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
}

function routeOf(path: string): { dialect: Dialect; operation: Operation } {
  for (const dialect of dialects) {
    // Its base URL ends as OpenAI's does; the paths of other vendors stand below that.
    for (const route of dialect.routes)
      if (route.path === path || `/v1${route.path}` === path) return { dialect, operation: route.operation };
  }
  throw new Error(`The simulated provider has nothing at ${path}.`);
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
