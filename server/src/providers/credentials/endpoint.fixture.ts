import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status?: number;
  readonly body: object | string;
  readonly waitMs?: number;
}

/** A token endpoint or metadata server on loopback that answers as it is told and keeps what it was asked. */
export interface Endpoint {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export async function startEndpoint(
  answer: (asked: Asked, count: number) => Answered | Promise<Answered>,
): Promise<Endpoint> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one: Asked = {
      method: request.method ?? "",
      url: new URL(request.url ?? "", "http://endpoint"),
      headers: request.headers,
      form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString("utf8"))),
    };
    asked.push(one);
    let answered: Answered;
    try {
      answered = await answer(one, asked.length);
    } catch (error) {
      // A check that fails in here is the test's failure, told by whoever asked.
      answered = { status: 400, body: { error: "not_as_expected", error_description: (error as Error).message } };
    }
    const { status = 200, body, waitMs = 0 } = answered;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
