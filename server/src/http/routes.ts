import { GatewayError, Reason } from "../canonical/error.ts";
import type { Dialect, DialectId } from "../dialects/dialect.ts";
import { dialectOf, dialects } from "../dialects/index.ts";
import type { KeyRing } from "../pipeline/key-ring.ts";
import type { Router } from "../pipeline/router.ts";
import { errorHeaders } from "./answer-headers.ts";
import type { ConsoleFiles } from "./console-files.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./listener.ts";
import { isGoogleClient, modelDoors, modelPaths, ollamaPaths, ollamaVersion } from "./model-doors.ts";
import { asGatewayError, type DoorTools, type WireHandler, wireDoor } from "./wire-door.ts";
import { writeHead } from "./write-head.ts";

export interface RouteOptions extends DoorTools {
  readonly keys: KeyRing;
  readonly router: Router;
  readonly rpc: HttpHandler;
  readonly console: ConsoleFiles;
  /** What is not ready, one word each; empty when everything is. */
  readonly notReady: () => readonly string[];
  readonly version: string;
}

/** A front door whose path names the model: what stands before it and after it. */
interface Pattern {
  readonly method: string;
  readonly before: string;
  readonly after: string;
  readonly dialect: Dialect;
  readonly door: WireHandler;
}

type Exchange = [request: HttpRequest, response: HttpResponse];

/** Serves every path of the port. A path is looked up as it was sent: what is not there to the letter is not there. */
export function routes(options: RouteOptions): HttpHandler {
  const { keys, router, clock, log, newRequestId, rpc } = options;
  /** By path, then by method. */
  const table = new Map<string, Map<string, HttpHandler>>();
  /** The dialect of each front door, for what is refused there. */
  const doorAt = new Map<string, Dialect>();
  const on = (method: string, path: string, handler: HttpHandler) => {
    const methods = table.get(path) ?? new Map<string, HttpHandler>();
    methods.set(method, handler);
    if (method === "GET") methods.set("HEAD", handler);
    table.set(path, methods);
  };

  const patterns: Pattern[] = [];
  for (const dialect of dialects) {
    for (const route of dialect.routes) {
      const door = wireDoor(dialect, route, options);
      const [before = "", after] = route.path.split("{model}");
      if (after !== undefined) {
        patterns.push({ method: route.method, before, after, dialect, door });
        continue;
      }
      on(route.method, route.path, door);
      doorAt.set(route.path, dialect);
      // Some clients put `/v1` into every path, some into none.
      if (route.path.startsWith("/v1/")) on(route.method, route.path.slice("/v1".length), door);
    }
  }
  on("GET", "/health", (_, response) => json(response, 200, { status: "ok", version: options.version }));
  on("GET", "/ready", (_, response) => {
    const missing = options.notReady();
    json(response, missing.length === 0 ? 200 : 503, { status: missing.length === 0 ? "ready" : "not ready", missing });
  });
  on("GET", "/", (_, response) =>
    json(
      response,
      200,
      frontPage(options.version, [...table.keys(), ...patterns.map(({ before, after }) => `${before}{model}${after}`)]),
    ),
  );

  /** Runs a small handler; what it throws is told in the dialect the client seems to speak. */
  const guarded =
    (act: (request: HttpRequest) => object): HttpHandler =>
    (request, response) => {
      try {
        json(response, 200, act(request));
      } catch (cause) {
        refuse(request, response, cause);
      }
    };
  const models = modelDoors({ keys, router, clock });
  for (const path of modelPaths) on("GET", path, guarded(models.list));
  on("GET", ollamaPaths.tags, guarded(models.tags));
  on("GET", ollamaPaths.version, (_, response) => json(response, 200, ollamaVersion));
  const getModel = (request: HttpRequest, response: HttpResponse, id: string) =>
    guarded(() => models.one(request, decoded(id)))(request, response);

  const refuse = (
    request: HttpRequest,
    response: HttpResponse,
    cause: unknown,
    { door, allow }: { readonly door?: Dialect | undefined; readonly allow?: string | undefined } = {},
  ) => {
    const dialect = door ?? dialectOf(spokenBy(request));
    const id = newRequestId();
    const error = asGatewayError(cause, id, log);
    const { status, body, headers: own } = dialect.error.encode(error, id);
    const headers = ["x-request-id", id, "request-id", id, ...errorHeaders(error, undefined)];
    headers.push(...Object.entries(own ?? {}).flat());
    json(response, status, body, allow ? [...headers, "allow", allow] : headers);
  };

  /** Serves a path that names the model. */
  const serveNamed = ({ before, after, door, dialect }: Pattern, path: string, ...exchange: Exchange) => {
    let model: string;
    try {
      model = decoded(path.slice(before.length, path.length - after.length));
    } catch (cause) {
      return refuse(...exchange, cause, { door: dialect });
    }
    door(...exchange, model);
  };

  return (request, response) => {
    const url = request.url ?? "/";
    const query = url.indexOf("?");
    const sent = query === -1 ? url : url.slice(0, query);
    const method = request.method ?? "GET";
    // Most calls end here.
    const handler = table.get(sent)?.get(method);
    if (handler) return handler(request, response);
    const path = withoutVendor(sent);
    const known = table.get(path)?.get(method);
    if (known) return known(request, response);
    if (path.startsWith("/pontage.")) return rpc(request, response);
    const named = patterns.find((pattern) => pattern.method === method && matches(pattern, path));
    if (named) return serveNamed(named, path, request, response);
    if (path === "/console" || path.startsWith("/console/")) return options.console(path, request, response);
    if (path === "/admin") {
      writeHead(response, 308, ["location", "/console"]);
      return void response.end();
    }
    const below = method === "GET" ? modelPaths.find((one) => path.startsWith(`${one}/`)) : undefined;
    if (below) return getModel(request, response, path.slice(below.length + 1));
    const other = patterns.find((pattern) => matches(pattern, path));
    const methods = table.get(path) ?? (other && new Map([[other.method, undefined]]));
    const shown = path.length > 200 ? `${path.slice(0, 200)}...` : path;
    const allow = methods && [...methods.keys()];
    refuse(
      request,
      response,
      allow
        ? new GatewayError(Reason.METHOD_NOT_ALLOWED, `${shown} answers ${allow.join(" and ")}, not ${method}.`)
        : new GatewayError(
            Reason.PATH_UNKNOWN,
            `There is nothing at ${method} ${shown}. The front doors are listed at /.`,
          ),
      { door: doorAt.get(path) ?? other?.dialect, allow: allow?.join(", ") },
    );
  };
}

/** What a client seems to speak where the path does not say it. */
function spokenBy(request: HttpRequest): DialectId {
  if (request.headers["anthropic-version"]) return "anthropic-messages";
  if (request.url?.startsWith("/api/")) return "ollama-chat";
  return isGoogleClient(request) ? "gemini" : "openai-chat";
}

/** Some clients are told a base URL with the vendor's name in it. */
function withoutVendor(path: string): string {
  return path.replace(/^\/(openai|anthropic|genai)(?=\/v1)/, "");
}

function matches({ before, after }: Pattern, path: string): boolean {
  return path.length > before.length + after.length && path.startsWith(before) && path.endsWith(after);
}

function json(response: HttpResponse, status: number, value: object, headers: string[] = []): void {
  const body = Buffer.from(JSON.stringify(value));
  writeHead(response, status, [
    ...["content-type", "application/json", "content-length", String(body.length), "x-content-type-options", "nosniff"],
    ...headers,
  ]);
  response.end(body);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new GatewayError(Reason.INVALID_ARGUMENT, "The model's id is not a valid URL part.", { param: "model" });
  }
}

function frontPage(version: string, paths: readonly string[]): object {
  return {
    name: "pontage",
    version,
    front_doors: paths.filter((path) => path !== "/").sort(),
    rpc: ["pontage.v1.ChatService", "pontage.v1.EmbeddingService", "pontage.v1.ModelService"],
    console: "/console",
  };
}
