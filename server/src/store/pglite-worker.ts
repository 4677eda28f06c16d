// The embedded database, in a thread of its own: PGlite runs every query on the thread that asks, without letting timers
// fire, and no query may delay a token. What arrives and leaves is the PostgreSQL wire protocol.
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import type { ToWorker } from "./embedded-postgres.ts";

if (!parentPort) throw new Error("This file is started by embedded-postgres.ts as a worker thread.");
const port = parentPort;
const { directory } = workerData as { directory: string };

const database = await PGlite.create({ dataDir: directory });
await database.query("select 1");
port.postMessage("ready");

const encoder = new TextEncoder();

/** A simple query of the wire protocol. */
function simpleQuery(sql: string): Uint8Array {
  const text = encoder.encode(`${sql}\0`);
  const message = new Uint8Array(5 + text.length);
  message[0] = 0x51; // 'Q'
  new DataView(message.buffer).setUint32(1, 4 + text.length);
  message.set(text, 5);
  return message;
}

/**
 * What the database said before it gave up, if it did. A server would close the connection after that; here it answers
 * every further query with half a message, and whoever asked would wait for the rest for ever.
 */
function lastWords(answer: Uint8Array): string | undefined {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  // 'Z': it is ready for the next query. That is how every answer ends which is whole.
  if (bytes.length >= 6 && bytes[bytes.length - 6] === 0x5a && bytes.readUInt32BE(bytes.length - 5) === 5)
    return undefined;
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] !== 0x45) continue; // 'E': an error, with fields that end with a NUL
    const fields = bytes.toString("utf8", at + 5, at + 1 + bytes.readUInt32BE(at + 1)).split("\0");
    if (fields.includes("VPANIC") || fields.includes("VFATAL")) {
      return fields.find((field) => field.startsWith("M"))?.slice(1) ?? "it did not say why";
    }
  }
  return undefined;
}

async function handle(message: ToWorker) {
  if (message === "session") {
    // There is one backend for good, so what an earlier connection left open would be met by the next one.
    await database.execProtocolRaw(simpleQuery("rollback"));
    await database.execProtocolRaw(simpleQuery("discard all"));
  } else if (message === "close") {
    await database.close();
    port.postMessage("closed");
    port.close();
  } else {
    const answer = await database.execProtocolRaw(message);
    // The answer lies in the database's own memory; the copy is handed over without another one.
    const copy = answer.slice();
    const words = lastWords(copy);
    port.postMessage(copy, [copy.buffer]);
    if (words !== undefined) throw new Error(words);
  }
}

let queue = Promise.resolve();
port.on("message", (message: ToWorker) => {
  // An exception here is the database's own end (a trap in WebAssembly); as an unhandled rejection it ends the worker, and
  // the connection reports it.
  queue = queue.then(() => handle(message));
});
