import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

/** What a raw upstream does with a request: it has the socket, and nothing between it and the gateway. */
export type RawAct = (socket: net.Socket, streamed: boolean) => void;

/** A server of bytes, in no dialect and not even in HTTP. What it does follows from the model in the request. */
export interface RawUpstream {
  readonly url: string;
  /** A model of its own for one test. */
  model(act: RawAct): string;
  /** How often it was asked for a model. */
  requestsFor(model: string): number;
  close(): Promise<void>;
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const acts = new Map<string, RawAct>();
  const asked = new Map<string, number>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const request = wholeRequest(text);
      if (request === undefined) return;
      text = text.slice(request.length);
      const model = /raw-\d+-end/.exec(request)?.[0] ?? "";
      asked.set(model, (asked.get(model) ?? 0) + 1);
      acts.get(model)!(socket, /"stream": ?true|stream/i.test(streamWords(request)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    model(act) {
      const name = `raw-${acts.size + 1}-end`;
      acts.set(name, act);
      return name;
    },
    requestsFor: (model) => asked.get(model) ?? 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The wish for a stream is in the body, or in the path. */
function streamWords(request: string): string {
  const [line = ""] = request.split("\r\n", 1);
  return `${line} ${/"stream": ?true/.exec(request)?.[0] ?? ""}`;
}

/** The first request in the bytes, once it is whole. The gateway always says how long its bodies are. */
function wholeRequest(text: string): string | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const length = Number(/content-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length >= head + 4 + length ? text.slice(0, head + 4 + length) : undefined;
}

/** An answer of HTTP/1.1 as it should be. */
export function httpAnswer(status: number, contentType: string, body: Buffer | string): RawAct {
  const bytes = Buffer.from(body);
  const head = `HTTP/1.1 ${status} OK\r\ncontent-type: ${contentType}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return (socket) => socket.write(Buffer.concat([Buffer.from(head), bytes]));
}
