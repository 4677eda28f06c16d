import type { AnswerThoughts, CallThoughts } from "../dialects/thoughts.ts";
import type { KeptRow, ThoughtShelf } from "../store/kept-thoughts.ts";
import type { World } from "../world.ts";
import { type CallerKeys, callerKeys, openThoughts, rowId, sealThoughts } from "./thought-seal.ts";

export interface ThoughtMemoryOptions {
  readonly shelf: ThoughtShelf;
  readonly world: World;
  /** How long thoughts are kept. */
  readonly keepMs: number;
  readonly report: (what: string, facts: object) => void;
}

/** Whose thoughts: the tenant, and the secret that the call came with. */
export interface Owner {
  readonly keyId: string;
  readonly secret: string;
}

/** What is known of the calls that were asked for. */
export interface Recalled {
  readonly known: (callId: string) => CallThoughts | undefined;
  /** The calls of which nobody can tell now, because the database is away. */
  readonly unknown: readonly string[];
}

interface Entry {
  /** Null: the call needs nothing. */
  readonly thoughts: CallThoughts | null;
  readonly bytes: number;
  readonly endsAtMs: number;
}

const mostBytes = 32 * 1024 * 1024;
const mostEntries = 50_000;
/** Thoughts of one call that are larger than this are not kept: a model's longest are a tenth of it. */
const mostBytesOfCall = 1024 * 1024;
const mostWaitingRows = 2_000;
const mostWaitingBytes = 16 * 1024 * 1024;
const mostRowsAtOnce = 100;
const mostRowsKept = 200_000;
/** More calls than this of one turn are not looked for. */
const mostCalls = 512;
/** A call waits no longer for the database. */
const longestWaitMs = 250;
/** While the database is away it is asked no more often. */
const awayMs = 1_000;
/** What the database has not heard of may be on its way from another replica. */
const unheardMs = 5_000;
const clearEveryMs = 10 * 60_000;

/**
 * Thoughts that a client's dialect has no place for, or that a client does not send back, between the turns of a
 * conversation: in memory, and behind it in the database, for the time after a restart and for other replicas. Nothing waits
 * for a write, and a call does without what the database does not tell in time.
 */
export class ThoughtMemory {
  readonly #options: ThoughtMemoryOptions;
  /** The least recently used come first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  readonly #waiting = new Map<string, KeptRow>();
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #awayUntilMs = Number.NEGATIVE_INFINITY;
  #told = false;
  #stopped = false;
  readonly #clearing: NodeJS.Timeout;

  constructor(options: ThoughtMemoryOptions) {
    this.#options = options;
    this.#clearing = setInterval(() => void this.#clear(), clearEveryMs).unref();
  }

  keep({ keyId, secret }: Owner, found: AnswerThoughts): void {
    let keys: CallerKeys | undefined;
    for (const [callId, thoughts] of found) {
      const bytes = sizeOf(thoughts);
      if (bytes > mostBytesOfCall) continue;
      this.#remember(nameOf(keyId, callId), thoughts, bytes, this.#options.keepMs);
      if (thoughts === null) continue;
      keys ??= callerKeys(secret);
      this.#putLater(keys, callId, thoughts);
    }
    this.#write();
  }

  /** What memory has of a call. */
  peek({ keyId }: Pick<Owner, "keyId">, callId: string): CallThoughts | undefined {
    return this.#entry(nameOf(keyId, callId))?.thoughts ?? undefined;
  }

  /** What is known of the calls; a promise where the database has to be asked. */
  recall(owner: Owner, callIds: readonly string[]): Recalled | Promise<Recalled> {
    const known = (callId: string) => this.peek(owner, callId);
    const missing = callIds.slice(-mostCalls).filter((id) => this.#entry(nameOf(owner.keyId, id)) === undefined);
    if (missing.length === 0) return { known, unknown: [] };
    if (this.#options.world.clock.monotonicMs() < this.#awayUntilMs) return { known, unknown: missing };
    return this.#ask(owner, missing).then((unknown) => ({ known, unknown }));
  }

  /** Writes what waits, for at most `waitMs`. */
  async stop(waitMs = longestWaitMs): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#clearing);
    clearTimeout(this.#retry);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    await Promise.race([promise, this.#flush()]);
    clearTimeout(timer);
  }

  async #ask(owner: Owner, missing: readonly string[]): Promise<readonly string[]> {
    const keys = callerKeys(owner.secret);
    const callOf = new Map(missing.map((callId) => [rowId(keys, callId), callId]));
    const { clock } = this.#options.world;
    let rows: KeptRow[];
    try {
      rows = await inTime(this.#options.shelf.find([...callOf.keys()], clock.nowMs()), longestWaitMs);
    } catch (error) {
      this.#away(error);
      return missing;
    }
    this.#told = false;
    const found = new Map(rows.map((row) => [row.id, row]));
    for (const [id, callId] of callOf) {
      const row = found.get(id);
      const thoughts = row ? openThoughts(keys, id, row.content) : undefined;
      const leftMs = row && thoughts ? row.expireTimeMs - clock.nowMs() : unheardMs;
      this.#remember(nameOf(owner.keyId, callId), thoughts ?? null, sizeOf(thoughts ?? null), leftMs);
    }
    return [];
  }

  #entry(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    if (entry.endsAtMs <= this.#options.world.clock.monotonicMs()) {
      this.#bytes -= entry.bytes;
      return undefined;
    }
    this.#entries.set(name, entry);
    return entry;
  }

  #remember(name: string, thoughts: CallThoughts | null, bytes: number, forMs: number): void {
    this.#bytes += bytes - (this.#entries.get(name)?.bytes ?? 0);
    this.#entries.delete(name);
    this.#entries.set(name, { thoughts, bytes, endsAtMs: this.#options.world.clock.monotonicMs() + forMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= mostBytes && this.#entries.size <= mostEntries) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  #putLater(keys: CallerKeys, callId: string, thoughts: CallThoughts): void {
    const { world, keepMs } = this.#options;
    if (this.#waiting.size >= mostWaitingRows || this.#waitingBytes >= mostWaitingBytes) {
      this.#tell("thoughts are kept in memory only: the database does not take them", {});
      return;
    }
    const id = rowId(keys, callId);
    const row = {
      id,
      content: sealThoughts(keys, id, thoughts, world.randomBytes),
      expireTimeMs: world.clock.nowMs() + keepMs,
    };
    this.#waitingBytes += row.content.length - (this.#waiting.get(id)?.content.length ?? 0);
    this.#waiting.set(id, row);
  }

  /** One statement at a time; what comes meanwhile goes with the next. */
  #write(): void {
    if (this.#writing || this.#retry || this.#stopped || this.#waiting.size === 0) return;
    void this.#flush();
  }

  #flush(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const rows = [...this.#waiting.values()].slice(0, mostRowsAtOnce);
      try {
        await this.#options.shelf.put(rows);
      } catch (error) {
        this.#tell("thoughts cannot be written to the database", { error });
        if (!this.#stopped) this.#retry = setTimeout(() => this.#tryAgain(), awayMs).unref();
        return;
      }
      this.#told = false;
      for (const row of rows) {
        // One that was said anew meanwhile is written anew.
        if (this.#waiting.get(row.id) !== row) continue;
        this.#waiting.delete(row.id);
        this.#waitingBytes -= row.content.length;
      }
    }
  }

  #tryAgain(): void {
    this.#retry = undefined;
    this.#write();
  }

  #away(error: unknown): void {
    this.#awayUntilMs = this.#options.world.clock.monotonicMs() + awayMs;
    this.#tell("kept thoughts cannot be read from the database; calls go on without", { error });
  }

  /** Once until it works again. */
  #tell(what: string, facts: object): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.report(what, facts);
  }

  async #clear(): Promise<void> {
    const { shelf, world } = this.#options;
    try {
      await shelf.clear(world.clock.nowMs(), mostRowsKept);
    } catch (error) {
      this.#tell("expired thoughts cannot be removed from the database", { error });
    }
  }
}

function nameOf(keyId: string, callId: string): string {
  return `${keyId} ${callId}`;
}

/** About what an entry takes. */
function sizeOf(thoughts: CallThoughts | null): number {
  let bytes = 200;
  for (const { part } of thoughts?.thoughts ?? []) {
    if (part.kind.case !== "reasoning") continue;
    const { text, signature, redacted } = part.kind.value;
    bytes += text.length + signature.length + redacted.length;
  }
  return bytes + (thoughts?.signature?.length ?? 0);
}

async function inTime<T>(answer: Promise<T>, waitMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`The database did not answer within ${waitMs} ms.`)), waitMs);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}
