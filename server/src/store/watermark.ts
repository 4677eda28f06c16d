import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceDurably } from "./durable-file.ts";

/** An event that the ledger has had. */
export interface Mark {
  readonly producer: string;
  readonly sequence: bigint;
}

/**
 * How far the embedded ledger had come at least. It commits in order and does not force its writes to the device, so when a
 * start does not find this event the database has lost its latest rows, however sound it looks.
 */
export class Watermark {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, "watermark.json");
  }

  async raise({ producer, sequence }: Mark): Promise<void> {
    await replaceDurably(this.#path, `${JSON.stringify({ producer, sequence: String(sequence) })}\n`);
  }

  /** Undefined when there is none, or none that can be read: then nothing can be said. */
  async read(): Promise<Mark | undefined> {
    try {
      const { producer, sequence } = JSON.parse(await readFile(this.#path, "utf8")) as Record<string, unknown>;
      return { producer: String(producer), sequence: BigInt(String(sequence)) };
    } catch {
      return undefined;
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
