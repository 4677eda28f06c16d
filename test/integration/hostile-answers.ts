import type net from "node:net";
import { deflateRawSync, gzipSync } from "node:zlib";

/** An answer as it should have been, in the upstream's dialect. */
export interface Good {
  readonly contentType: string;
  readonly body: Buffer;
  readonly streamed: boolean;
}

/** What a hostile upstream writes: bytes, or whatever it does with the socket. */
export interface Hostile {
  readonly what: string;
  readonly act: (socket: net.Socket, good: Good) => void;
  /** How it may end: in an error only, or also well because the answer is whole in spite of all. */
  readonly mayEndWell?: true;
  /** Bytes that pass to a client of the same dialect without being read. */
  readonly passesUnread?: true;
  /** Tens of megabytes, so that it goes alone. */
  readonly heavy?: true;
}

const ok = "HTTP/1.1 200 OK\r\n";
const type = ({ contentType }: Good) => `content-type: ${contentType}\r\n`;
const length = ({ body }: Good) => `content-length: ${body.length}\r\n`;
const end = "\r\n";

type Piece = string | Buffer;

/** Writes these bytes and leaves the connection open. */
const write =
  (make: (good: Good) => readonly Piece[]): Hostile["act"] =>
  (socket, good) =>
    socket.write(joined(make(good)));

/** Writes these bytes and closes. */
const writeAndClose =
  (make: (good: Good) => readonly Piece[]): Hostile["act"] =>
  (socket, good) =>
    socket.end(joined(make(good)));

/** Writes these bytes and resets the connection. */
const writeAndReset =
  (make: (good: Good) => readonly Piece[]): Hostile["act"] =>
  (socket, good) =>
    socket.write(joined(make(good)), () => setImmediate(() => socket.resetAndDestroy()));

/** Writes a beginning, and then the same piece again and again for as long as somebody reads. */
const flood =
  (begin: (good: Good) => readonly Piece[], piece: Buffer): Hostile["act"] =>
  (socket, good) => {
    socket.write(joined(begin(good)));
    const pour = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", pour);
    pour();
  };

/** Writes a beginning, and then a byte of the rest now and then. */
const drip =
  (begin: (good: Good) => readonly Piece[], rest: (good: Good) => Buffer): Hostile["act"] =>
  (socket, good) => {
    socket.write(joined(begin(good)));
    const bytes = rest(good);
    let at = 0;
    const timer = setInterval(() => socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1)), 100);
    socket.on("close", () => clearInterval(timer));
  };

const joined = (pieces: readonly Piece[]) => Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
const chunk = (bytes: Piece) => joined([`${Buffer.byteLength(bytes).toString(16)}\r\n`, bytes, "\r\n"]);
const chunked = "transfer-encoding: chunked\r\n";
const half = ({ body }: Good) => body.subarray(0, body.length >> 1);
const jsonType = "content-type: application/json\r\n";
const json = (text: string) => [ok, jsonType, `content-length: ${Buffer.byteLength(text)}\r\n`, end, text];
const failing = (status: number, text: string) => [
  `HTTP/1.1 ${status} No\r\n${jsonType}content-length: ${Buffer.byteLength(text)}\r\n\r\n`,
  text,
];
/** Ten megabytes of zeros. */
const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
const megabyte = Buffer.alloc(1024 * 1024, "a");

/** T19: what a socket can say that no provider should. */
export const hostileAnswers: readonly Hostile[] = [
  // Not HTTP.
  { what: "another protocol's greeting", act: write(() => ["SSH-2.0-OpenSSH_9.9\r\n"]) },
  {
    what: "random bytes",
    act: write(() => [Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) & 0xff))]),
  },
  { what: "a TLS alert", act: writeAndClose(() => [Buffer.from([0x15, 3, 1, 0, 2, 2, 40])]) },
  { what: "HTTP/2 settings", act: write(() => [Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]) },
  { what: "a body without a head", act: writeAndClose(({ body }) => [body]) },
  { what: "nothing, and the connection closed", act: writeAndClose(() => []) },
  { what: "nothing, and the connection reset", act: (socket) => socket.resetAndDestroy() },
  { what: "nothing at all", act: () => {} },
  // The status line.
  {
    what: "an unknown version",
    act: write((good) => ["HTTP/9.9 200 OK\r\n", type(good), length(good), end, good.body]),
  },
  { what: "a status line without a status", act: write((good) => ["HTTP/1.1 OK\r\n", length(good), end, good.body]) },
  { what: "a status of four digits", act: write((good) => ["HTTP/1.1 2000 OK\r\n", length(good), end, good.body]) },
  { what: "the status 0", act: write((good) => ["HTTP/1.1 000 OK\r\n", type(good), length(good), end, good.body]) },
  { what: "the status 600", act: write((good) => ["HTTP/1.1 600 OK\r\n", type(good), length(good), end, good.body]) },
  { what: "the status 999", act: write((good) => ["HTTP/1.1 999 OK\r\n", type(good), length(good), end, good.body]) },
  { what: "the status 204 with a body", act: write((good) => ["HTTP/1.1 204 No\r\n", type(good), end, good.body]) },
  { what: "the status 205", act: writeAndClose(() => ["HTTP/1.1 205 Reset\r\ncontent-length: 0\r\n\r\n"]) },
  {
    what: "the status 206",
    act: write((good) => ["HTTP/1.1 206 Part\r\n", type(good), length(good), end, good.body]),
    mayEndWell: true,
  },
  { what: "the status 304", act: write(() => ["HTTP/1.1 304 Not Modified\r\n\r\n"]) },
  {
    what: "a redirect to itself",
    act: write(() => ["HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"]),
  },
  {
    what: "a change of protocol",
    act: write((good) => ["HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n", good.body]),
  },
  // Headers.
  { what: "a header without a colon", act: write((good) => [ok, "content-type\r\n", length(good), end, good.body]) },
  {
    what: "a blank before the colon",
    act: write((good) => [ok, "content-type : a\r\n", length(good), end, good.body]),
  },
  { what: "NUL in the value of a header", act: write((good) => [ok, "x: a\u0000b\r\n", length(good), end, good.body]) },
  { what: "NUL in the name of a header", act: write((good) => [ok, "a\u0000b: c\r\n", length(good), end, good.body]) },
  {
    what: "a lone CR in a header",
    act: write((good) => [ok, "x: a\rset-cookie: b\r\n", length(good), end, good.body]),
  },
  {
    what: "a folded header",
    act: write((good) => [ok, "x: a\r\n b\r\n", type(good), length(good), end, good.body]),
    mayEndWell: true,
  },
  { what: "a header of a megabyte", act: write((good) => [ok, "x: ", megabyte, "\r\n", type(good), end, good.body]) },
  { what: "ten thousand headers", act: write((good) => [ok, "x: y\r\n".repeat(10_000), type(good), end, good.body]) },
  { what: "headers without end", act: flood(() => [ok], Buffer.from("x-filler: yes\r\n".repeat(100))) },
  {
    what: "a head that drips",
    act: drip(
      () => [ok],
      () => Buffer.from("x: y\r\n"),
    ),
  },
  { what: "a head that is cut off", act: writeAndClose(() => [ok, "content-ty"]) },
  {
    what: "a content type of ten kilobytes",
    act: write((good) => [ok, `content-type: ${"a".repeat(10_000)}\r\n`, length(good), end, good.body]),
    mayEndWell: true,
  },
  { what: "no content type", act: write((good) => [ok, length(good), end, good.body]), mayEndWell: true },
  {
    what: "the type of a page",
    act: write((good) => [ok, "content-type: text/html\r\n", length(good), end, good.body]),
    mayEndWell: true,
  },
  {
    what: "cookies and hop-by-hop headers",
    act: write((good) => [
      ok,
      type(good),
      length(good),
      "set-cookie: a=b\r\nproxy-authenticate: Basic\r\nupgrade: h2c\r\n",
      end,
      good.body,
    ]),
    mayEndWell: true,
  },
  // Lengths.
  { what: "a negative length", act: write((good) => [ok, type(good), "content-length: -1\r\n", end, good.body]) },
  {
    what: "a length that is no number",
    act: write((good) => [ok, type(good), "content-length: many\r\n", end, good.body]),
  },
  {
    what: "a length beyond 64 bits",
    act: write((good) => [ok, type(good), "content-length: 99999999999999999999\r\n", end, good.body]),
  },
  {
    what: "two lengths",
    act: write((good) => [ok, type(good), length(good), "content-length: 3\r\n", end, good.body]),
  },
  {
    what: "a length and chunks",
    act: write((good) => [ok, type(good), length(good), chunked, end, chunk(good.body), "0\r\n\r\n"]),
  },
  {
    what: "a length that is too short",
    act: write((good) => [ok, type(good), `content-length: ${half(good).length}\r\n`, end, good.body]),
  },
  {
    what: "a length that is too long, and the connection closed",
    act: writeAndClose((good) => [ok, type(good), `content-length: ${good.body.length + 9}\r\n`, end, good.body]),
    mayEndWell: true,
  },
  {
    what: "a length that is too long, and silence",
    act: write((good) => [ok, type(good), `content-length: ${good.body.length + 9}\r\n`, end, half(good)]),
  },
  {
    what: "a second answer behind the first",
    act: write((good) => [ok, type(good), length(good), end, good.body, ok, jsonType, "content-length: 2\r\n\r\n{}"]),
    mayEndWell: true,
  },
  // Chunks.
  {
    what: "an encoding nobody knows",
    act: writeAndClose((good) => [ok, type(good), "transfer-encoding: rot13\r\n", end, good.body]),
    mayEndWell: true,
  },
  {
    what: "a size of a chunk that is no number",
    act: write((good) => [ok, type(good), chunked, end, "zz\r\n", good.body]),
  },
  { what: "a negative size of a chunk", act: write((good) => [ok, type(good), chunked, end, "-5\r\n", good.body]) },
  {
    what: "a chunk of 16 exabytes",
    act: writeAndClose((good) => [ok, type(good), chunked, end, "ffffffffffffffff\r\n", half(good)]),
  },
  {
    what: "a chunk beyond 64 bits",
    act: write((good) => [ok, type(good), chunked, end, "fffffffffffffffffff\r\n", good.body]),
  },
  {
    what: "a chunk that goes on after its end",
    act: write((good) => [ok, type(good), chunked, end, "5\r\n", good.body]),
  },
  {
    what: "an extension of a chunk of a megabyte",
    act: write((good) => [ok, type(good), chunked, end, "5;", megabyte, "\r\n", good.body]),
  },
  {
    what: "chunks without the last one",
    act: writeAndClose((good) => [ok, type(good), chunked, end, chunk(half(good))]),
  },
  {
    what: "trailers of a megabyte",
    act: write((good) => [ok, type(good), chunked, end, chunk(good.body), "0\r\n", "x: y\r\n".repeat(170_000), "\r\n"]),
    mayEndWell: true,
  },
  {
    what: "one byte a chunk",
    act: write((good) => [
      ok,
      type(good),
      chunked,
      end,
      ...Array.from(good.body, (byte) => chunk(Buffer.from([byte]))),
      "0\r\n\r\n",
    ]),
    mayEndWell: true,
  },
  // What comes before an answer.
  {
    what: "a hundred times 100",
    act: write((good) => ["HTTP/1.1 100 Continue\r\n\r\n".repeat(100), ok, type(good), length(good), end, good.body]),
    mayEndWell: true,
  },
  {
    what: "hints before the answer",
    act: write((good) => [
      "HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n".repeat(20),
      ok,
      type(good),
      length(good),
      end,
      good.body,
    ]),
    mayEndWell: true,
  },
  { what: "100 without end", act: flood(() => [], Buffer.from("HTTP/1.1 100 Continue\r\n\r\n".repeat(50))) },
  {
    what: "hints without end",
    act: flood(() => [], Buffer.from("HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n".repeat(50))),
  },
  // Encodings nobody asked for.
  {
    what: "a bomb in gzip",
    act: write((good) => [ok, type(good), `content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n`, end, bomb]),
  },
  {
    what: "the answer in gzip",
    act: write((good) => {
      const body = gzipSync(good.body);
      return [ok, type(good), `content-encoding: gzip\r\ncontent-length: ${body.length}\r\n`, end, body];
    }),
  },
  {
    what: "the answer in deflate",
    act: write((good) => {
      const body = deflateRawSync(good.body);
      return [ok, type(good), `content-encoding: deflate\r\ncontent-length: ${body.length}\r\n`, end, body];
    }),
  },
  // Bodies.
  {
    what: "a megabyte of NUL",
    act: write((good) => [ok, type(good), "content-length: 1048576\r\n", end, Buffer.alloc(1024 * 1024)]),
  },
  {
    what: "the answer in UTF-16",
    act: write((good) => {
      const body = Buffer.from(good.body.toString("utf8"), "utf16le");
      return [ok, type(good), `content-length: ${body.length}\r\n`, end, body];
    }),
  },
  {
    what: "a mark of the byte order before the answer",
    act: write((good) => [ok, type(good), `content-length: ${good.body.length + 3}\r\n`, end, "\ufeff", good.body]),
    mayEndWell: true,
  },
  {
    what: "bytes that are no UTF-8",
    act: write((good) => {
      const body = Buffer.from(good.body.map((byte, at) => (at % 97 === 5 ? 0xff : byte)));
      return [ok, type(good), length(good), end, body];
    }),
    mayEndWell: true,
    passesUnread: true,
  },
  {
    what: "half of the answer, and the connection closed",
    act: writeAndClose((good) => [ok, type(good), end, half(good)]),
  },
  {
    what: "half of the answer, and the connection reset",
    act: writeAndReset((good) => [ok, type(good), chunked, end, chunk(half(good))]),
  },
  { what: "half of the answer, and silence", act: write((good) => [ok, type(good), chunked, end, chunk(half(good))]) },
  {
    what: "the answer but its last bytes",
    act: writeAndClose((good) => [ok, type(good), end, good.body.subarray(0, -20)]),
  },
  {
    what: "an answer that drips",
    act: drip(
      (good) => [ok, type(good), length(good), end],
      ({ body }) => body,
    ),
  },
  { what: "an abyss of brackets", act: write(() => json(`{"choices":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)) },
  { what: "an abyss of objects", act: write(() => json(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)) },
  {
    what: "a frame of brackets",
    act: write((good) => {
      const body = `data: {"choices":${"[".repeat(200_000)}${"]".repeat(200_000)}}\n\n`;
      return [ok, type(good), `content-length: ${body.length}\r\n`, end, body];
    }),
  },
  { what: "comments without end", act: flood((good) => [ok, type(good), end], Buffer.from(": ping\n\n".repeat(100))) },
  { what: "lines without end", act: flood((good) => [ok, type(good), end], Buffer.from("\n".repeat(1000))) },
  { what: "a frame without end", act: flood((good) => [ok, type(good), end, "data: "], megabyte), heavy: true },
  { what: "a body without end", act: flood(() => [ok, jsonType, end, '{"a":"'], megabyte), heavy: true },
  // Errors.
  {
    what: "an error whose code is an object",
    act: write(() => failing(500, '{"error":{"message":"no","code":{"toString":1}}}')),
  },
  {
    what: "an error of the type `constructor`",
    act: write(() => failing(500, '{"error":{"message":"no","type":"constructor"}}')),
  },
  {
    what: "an abyss of an error",
    act: write(() => failing(400, `{"error":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)),
  },
  {
    what: "an error in an abyss",
    act: write(() => failing(500, `${'{"error":'.repeat(100_000)}1${"}".repeat(100_000)}`)),
  },
  {
    what: "an error of two megabytes",
    act: write(() => failing(400, `{"error":{"message":"${"no ".repeat(700_000)}"}}`)),
  },
  { what: "an error without end", act: flood(() => ["HTTP/1.1 500 No\r\n", jsonType, end], megabyte), heavy: true },
  {
    what: "an error that is cut off",
    act: writeAndClose(() => ["HTTP/1.1 500 No\r\n", jsonType, "content-length: 99\r\n\r\n", '{"error":{"mess']),
  },
  {
    what: "an error that waits a century",
    act: write(() => ["HTTP/1.1 429 No\r\nretry-after: 3153600000\r\ncontent-length: 2\r\n\r\n{}"]),
  },
  { what: "an error with a status of 200", act: write(() => json('{"error":{"message":"no","code":"constructor"}}')) },
];
