import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";
import { StoreError } from "./store-error.ts";

/** What the worker is told: wire protocol, or one of two words. */
export type ToWorker = Uint8Array | "session" | "close";

type FromWorker = Uint8Array<ArrayBuffer> | "ready" | "closed";

/**
 * The embedded database as a server that the ordinary PostgreSQL driver connects to: the driver's socket is a pair of message
 * channels to the worker. So entities, SQL and result types are the same as on a real server, and no query runs on the
 * thread that serves calls. It serves one connection at a time.
 */
export class EmbeddedPostgres {
  readonly #worker: Worker;
  #socket: WorkerSocket | undefined;
  #sessions = 0;
  #failure: Error | undefined;
  #closed: (() => void) | undefined;
  #listener: (failure: Error) => void = () => {};

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: FromWorker) => {
      if (message === "closed") this.#closed?.();
      else if (message !== "ready") this.#socket?.receive(message);
    });
    worker.on("error", (error: Error) => {
      this.#failure = error;
    });
    worker.on("exit", () => {
      this.#failure ??= new StoreError("The embedded database has ended.");
      this.#socket?.destroy(this.#failure);
      if (this.#closed) this.#closed();
      else this.#listener(this.#failure);
    });
  }

  /** Sets who is told when the database ends without having been closed. */
  whenLost(listener: (failure: Error) => void): void {
    this.#listener = listener;
  }

  /** Opens the database in a directory, or makes one there. Rejects when what is there cannot be opened. */
  static async open(directory: string): Promise<EmbeddedPostgres> {
    const worker = new Worker(new URL("./pglite-worker.ts", import.meta.url), { workerData: { directory } });
    await new Promise<void>((resolve, reject) => {
      const settled = () => worker.off("message", ready).off("error", failed).off("exit", ended);
      const ready = () => {
        settled();
        resolve();
      };
      const failed = (error: unknown) => {
        settled();
        reject(error);
      };
      const ended = (code: number) => failed(new StoreError(`The embedded database ended with code ${code}.`));
      worker.on("message", ready).on("error", failed).on("exit", ended);
    });
    return new EmbeddedPostgres(worker);
  }

  /** The `stream` option of the driver: makes the socket of a new connection. */
  readonly stream = (): Duplex => {
    this.#socket?.destroy();
    if (this.#sessions++ > 0) this.#post("session");
    const socket = new WorkerSocket((bytes) => this.#post(bytes));
    if (this.#failure) {
      const failure = this.#failure;
      setImmediate(() => socket.destroy(failure));
    }
    this.#socket = socket;
    return socket;
  };

  #post(message: ToWorker) {
    if (typeof message === "string") this.#worker.postMessage(message);
    else this.#worker.postMessage(message, [message.buffer as ArrayBuffer]);
  }

  /** Closes the database properly, so that the next start is quick. */
  async close(): Promise<void> {
    if (!this.#failure) {
      await new Promise<void>((resolve) => {
        this.#closed = resolve;
        this.#post("close");
      });
    }
    await this.#worker.terminate();
  }
}

/** What the driver needs of a socket. */
class WorkerSocket extends Duplex {
  readonly #send: (bytes: Uint8Array) => void;

  constructor(send: (bytes: Uint8Array) => void) {
    super();
    this.#send = send;
  }

  receive(bytes: Uint8Array<ArrayBuffer>) {
    if (!this.destroyed) this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  connect() {
    setImmediate(() => this.emit("connect"));
    return this;
  }

  // The settings of a network socket mean nothing here.
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }

  override _read() {
    // The other side answers one request at a time, so there is never more than one answer waiting.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void) {
    this.#forward([chunk], done);
  }

  /** The driver corks the parts of one query; they travel as one message. */
  override _writev(chunks: { chunk: Buffer }[], done: () => void) {
    this.#forward(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #forward(chunks: Buffer[], done: () => void) {
    // Copied into memory of its own, because the driver uses its buffers again and the copy is handed over for good.
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    // 'X' says goodbye to a server that serves others as well; here it would end the only backend there is.
    const terminate = bytes.length === 5 && bytes[0] === 0x58;
    if (!terminate) this.#send(bytes);
    done();
  }

  override _final(done: () => void) {
    this.push(null);
    done();
  }
}
