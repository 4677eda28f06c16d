import type { AttemptFacts, AttemptResult } from "./attempt.ts";
import type { Segment } from "./segment.ts";

/** An attempt that has begun and not ended. */
export interface OpenAttempt {
  readonly sequence: number;
  /** Its record could not be written, so it must not be made. Known once `synced()` has been waited for. */
  readonly refused: boolean;
  /**
   * The upstream's first byte is here. The record may wait in memory until the end of the tick; call the journal's
   * `flush` before a byte of the answer goes to the client.
   */
  start(): void;
  /** The attempt has ended. The record is with the kernel on return; only then may the last bytes go to the client. */
  close(result: AttemptResult): void;
}

/** What an open attempt may do to its journal. */
export interface AttemptRecords {
  start(attempt: RunningAttempt): void;
  close(attempt: RunningAttempt, facts: AttemptFacts, text: string, result: AttemptResult): void;
  misused(attempt: RunningAttempt, what: string): void;
}

/** An open attempt, which sees to it that it begins and ends once. */
export class RunningAttempt implements OpenAttempt {
  readonly segment: Segment;
  readonly sequence: number;
  /** The kernel has its beginning. */
  recorded = false;
  refused = false;
  readonly #records: AttemptRecords;
  readonly #facts: AttemptFacts;
  readonly #text: string;
  #state: "open" | "started" | "closed" = "open";

  constructor(records: AttemptRecords, segment: Segment, sequence: number, facts: AttemptFacts, text: string) {
    this.#records = records;
    this.segment = segment;
    this.sequence = sequence;
    this.#facts = facts;
    this.#text = text;
  }

  start(): void {
    if (this.#state === "open") {
      this.#state = "started";
      this.#records.start(this);
    } else if (this.#state === "closed") this.#records.misused(this, "an attempt was started after its end");
  }

  close(result: AttemptResult): void {
    if (this.#state === "closed") {
      this.#records.misused(this, "an attempt was closed twice; the first end counts");
      return;
    }
    this.#state = "closed";
    this.#records.close(this, this.#facts, this.#text, result);
  }
}
