import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Request, RequestService } from "@pontage/sdk/gen/pontage/admin/v1/request_pb";
import { SystemService } from "@pontage/sdk/gen/pontage/admin/v1/system_pb";
import { ErrorSchema, Reason } from "@pontage/sdk/gen/pontage/error/v1/error_pb";

/** The policy the gateway sends with the console. */
export const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

type News = { request: Request } | { missed: bigint };

/** A gateway as far as the console sees it: its files, its policy, and a stream of requests a test can command. */
export async function bootConsole(files: string, token: string) {
  const log: News[] = [];
  const cursors: string[] = [];
  const wakes = new Set<() => void>();
  const state = { token, refuse: false, generation: 0, watchers: 0 };
  const wake = () => {
    for (const each of [...wakes]) each();
  };

  const authenticate = (context: HandlerContext) => {
    if (context.requestHeader.get("authorization") === `Bearer ${state.token}`) return;
    const value = create(ErrorSchema, {
      reason: Reason.API_KEY_INVALID,
      status: 401,
      message: "The token is not valid.",
    });
    throw new ConnectError(value.message, Code.Unauthenticated, undefined, [{ desc: ErrorSchema, value }]);
  };
  const routes = (router: ConnectRouter) => {
    router.service(SystemService, {
      getStatus(_, context) {
        authenticate(context);
        return { version: "0.1.0", store: "embedded", bus: "in-process" };
      },
    });
    router.service(RequestService, {
      async *watchRequests({ cursor }, context) {
        authenticate(context);
        cursors.push(cursor);
        if (state.refuse) {
          const detail = {
            reason: Reason.UNAVAILABLE,
            status: 503,
            message: "The store is closed.",
            requestId: "req_refused",
          };
          const value = create(ErrorSchema, detail);
          throw new ConnectError(value.message, Code.Unavailable, undefined, [{ desc: ErrorSchema, value }]);
        }
        const { generation } = state;
        state.watchers++;
        try {
          yield { item: { case: "heartbeat" as const, value: {} }, cursor };
          let at = Number(cursor || 0);
          while (!context.signal.aborted && generation === state.generation) {
            const news = log[at];
            if (!news) {
              await new Promise<void>((resolve) => {
                wakes.add(resolve);
                context.signal.addEventListener("abort", () => resolve());
              });
              continue;
            }
            at++;
            yield "missed" in news
              ? { item: { case: "missed" as const, value: news.missed }, cursor: String(at) }
              : { item: { case: "request" as const, value: news.request }, cursor: String(at) };
          }
        } finally {
          state.watchers--;
        }
      },
    });
  };

  const rpc = connectNodeAdapter({ routes });
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (!pathname.startsWith("/console")) return rpc(request, response);
    void serveFile(files, pathname.slice("/console".length), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The cursors of all watches so far. */
    cursors,
    state,
    publish(...news: News[]) {
      log.push(...news);
      wake();
    },
    /** Ends every watch, as a restart would. */
    drop() {
      state.generation++;
      wake();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serveFile(files: string, path: string, response: http.ServerResponse): Promise<void> {
  const name = normalize(path);
  // A page of the console has no file; the one document serves them all.
  const file = extname(name) ? name : "/index.html";
  response.setHeader("content-security-policy", contentPolicy);
  response.setHeader("x-content-type-options", "nosniff");
  try {
    const body = await readFile(join(files, file));
    response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}
