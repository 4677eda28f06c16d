import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A request as a cloud sees it. */
export interface CloudRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CloudAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string | object;
}

/** A cloud's own endpoint: no dialect, only a check of what came and bytes for an answer, in two pieces. */
export interface Cloud {
  readonly url: string;
  readonly requests: readonly CloudRequest[];
  close(): Promise<void>;
}

export async function startCloud(answer: (request: CloudRequest) => CloudAnswer): Promise<Cloud> {
  const requests: CloudRequest[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = {
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    requests.push(one);
    const { status = 200, headers, body } = answer(one);
    const isBytes = typeof body === "string" || Buffer.isBuffer(body);
    const bytes = Buffer.from(isBytes ? body : JSON.stringify(body));
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.write(bytes.subarray(0, bytes.length >> 1));
    setImmediate(() => response.end(bytes.subarray(bytes.length >> 1)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const eventStream = { "content-type": "text/event-stream; charset=utf-8" };

/** A recorded answer, byte for byte. */
export function recorded(path: string): Buffer {
  return readFileSync(join(import.meta.dirname, "../fixtures", path));
}
