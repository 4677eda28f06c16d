import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";

/** Requests and answers of either version: node's HTTP/2 compatibility API has the shape of its HTTP/1 classes. */
export type HttpRequest = http.IncomingMessage;
export type HttpResponse = http.ServerResponse;
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

export interface ListenerOptions {
  readonly handler: HttpHandler;
  /** PEM. With it the port speaks TLS too. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Told when a client speaks TLS to a port that has no certificate. */
  readonly onUnexpectedTls?: () => void;
}

/** One port for HTTP/1.1, HTTP/2 by prior knowledge (h2c) and, with a certificate, both over TLS by ALPN. */
export interface Listener {
  listen(port: number, host: string): Promise<net.AddressInfo>;
  /**
   * Goes on accepting and answering, and tells every client that speaks to bring its next request elsewhere: by
   * `connection: close`, or by GOAWAY on HTTP/2.
   */
  drain(): void;
  /** Stops accepting, lets running calls finish for `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

const headersTimeoutMs = 10_000;
const keepAliveMs = 75_000;
/** A connection must say what it is within this time. */
const prefaceTimeoutMs = 10_000;
/**
 * At the end a connection without a call is closed once it has been quiet for this long. At once would be too soon: a client
 * whose answer has just ended may be sending its next request.
 */
const quietMs = 500;
const quietCheckMs = 50;

/** How an HTTP/2 connection begins. RFC 9113, section 3.4. */
const http2Preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const tlsHandshake = 0x16;

/** A connection on which nothing is being answered. */
interface Quiet {
  readonly sinceMs: number;
  readonly bytesRead: number;
}

/** Nobody has looked since when: that is of no interest before the end, and looking costs something. */
const notTimed: Quiet = { sinceMs: Number.POSITIVE_INFINITY, bytesRead: -1 };

export function createListener(options: ListenerOptions): Listener {
  const { handler } = options;
  let draining = false;
  let closing = false;

  /** Every connection that is, or may become, one of HTTP/1, with what is being answered on it. */
  const connections = new Map<net.Socket, http.ServerResponse | Quiet>();
  class Answer extends http.ServerResponse {
    override assignSocket(socket: net.Socket): void {
      connections.set(socket, this);
      if (draining) this.shouldKeepAlive = false;
      super.assignSocket(socket);
    }
    override detachSocket(socket: net.Socket): void {
      super.detachSocket(socket);
      if (!socket.destroyed) connections.set(socket, draining ? quietNow(socket) : notTimed);
    }
  }
  const h1 = http.createServer(
    {
      ServerResponse: Answer,
      maxHeaderSize: 16 * 1024,
      headersTimeout: headersTimeoutMs,
      requestTimeout: 60_000,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 5_000,
      // A second `authorization` must be seen, not dropped: whoever stands in front may have read the other one.
      joinDuplicateHeaders: true,
    },
    handler,
  );
  h1.maxHeadersCount = 100;
  // A server that never listens itself does not start its watch over slow headers, nor close idle connections.
  h1.emit("listening");
  const h2 = http2.createServer(
    { settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16 * 1024 }, maxSessionMemory: 32 },
    (request, response) => {
      if (draining) {
        const { session } = request.stream;
        // Not before the rest of what came with it has been read: a stream after the GOAWAY is refused.
        setImmediate(() => session?.close());
      }
      joinAuthorization(request);
      handler(request as unknown as HttpRequest, response as unknown as HttpResponse);
    },
  );
  const sessions = new Set<http2.ServerHttp2Session>();
  h2.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // It was just being opened when the others were closed, and its first request may be on its way.
    if (closing) setTimeout(() => session.close(), quietMs).unref();
  });

  const sockets = new Set<net.Socket>();
  const watch = (socket: net.Socket) => {
    connections.set(socket, draining ? quietNow(socket) : notTimed);
    socket.on("close", () => connections.delete(socket));
  };
  const serveHttp = (socket: net.Socket, version: "1.1" | "2") => {
    (version === "2" ? h2 : h1).emit("connection", socket);
  };
  const secure = options.tls
    ? tls.createServer(
        { ...options.tls, ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout: prefaceTimeoutMs },
        (socket) => {
          const version = socket.alpnProtocol === "h2" ? "2" : "1.1";
          if (version === "1.1") watch(socket);
          serveHttp(socket, version);
        },
      )
    : undefined;
  secure?.on("tlsClientError", () => {}); // a failed handshake is the client's affair

  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    watch(socket);
    recognise(socket, (protocol) => {
      if (protocol !== "1.1") connections.delete(socket);
      if (protocol !== "tls") return serveHttp(socket, protocol);
      if (secure) return void secure.emit("connection", socket);
      options.onUnexpectedTls?.();
      socket.destroy();
    });
  });

  const closeQuiet = () => {
    const nowMs = performance.now();
    for (const [socket, quiet] of connections) {
      if (quiet instanceof http.ServerResponse) continue;
      if (socket.bytesRead !== quiet.bytesRead) connections.set(socket, quietNow(socket));
      else if (nowMs - quiet.sinceMs >= quietMs) socket.destroy();
    }
  };
  const drain = () => {
    draining = true;
    for (const answer of connections.values()) {
      if (answer instanceof http.ServerResponse) answer.shouldKeepAlive = false;
    }
    closeQuiet(); // closes none yet: it notes since when they are quiet
  };

  return {
    drain,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => resolve(server.address() as net.AddressInfo));
      }),
    async close(graceMs) {
      drain();
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const quiet = setInterval(closeQuiet, quietCheckMs);
      const forced = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearInterval(quiet);
      clearTimeout(forced);
      h1.close();
      h2.close();
    },
  };
}

function quietNow({ bytesRead }: net.Socket): Quiet {
  return { sinceMs: performance.now(), bytesRead };
}

/** Does for HTTP/2, where there is no option for it, what `joinDuplicateHeaders` does for HTTP/1. */
function joinAuthorization({ headers, rawHeaders }: http2.Http2ServerRequest): void {
  let joined: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at] !== "authorization") continue;
    joined = joined === undefined ? rawHeaders[at + 1] : `${joined}, ${rawHeaders[at + 1]}`;
  }
  if (joined !== undefined) headers.authorization = joined;
}

/** Looks at the first bytes, puts them back, and says what they are. */
function recognise(socket: net.Socket, then: (protocol: "1.1" | "2" | "tls") => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), prefaceTimeoutMs);
  const onClose = () => clearTimeout(timer);
  const decide = (protocol: "1.1" | "2" | "tls") => {
    clearTimeout(timer);
    socket.off("close", onClose);
    socket.off("data", onData);
    socket.pause();
    socket.unshift(seen);
    then(protocol);
    // HTTP/2 and TLS take what is buffered and then the handle itself; only HTTP/1 goes on reading the stream.
    if (protocol === "1.1") socket.resume();
  };
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    if (seen[0] === tlsHandshake) return decide("tls");
    const common = Math.min(seen.length, http2Preface.length);
    if (seen.compare(http2Preface, 0, common, 0, common) !== 0) return decide("1.1");
    // Until the whole preface is there it could still be a request line that begins with `P`.
    if (common === http2Preface.length) decide("2");
  };
  socket.on("close", onClose);
  socket.on("data", onData);
}
