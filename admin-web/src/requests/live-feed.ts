import type { PontageError, RequestNews, WatchOptions } from "@pontage/sdk";
import { emptyList, type LiveList, release, take } from "./live-list.ts";

/** How the connection is doing. `stopped` is for hidden tabs. */
export type Connection = "connecting" | "live" | "reconnecting" | "offline" | "stopped";

/** Everything a page needs to know of its live list. */
export interface LiveSnapshot {
  readonly list: LiveList;
  readonly connection: Connection;
  /** A person pressed Pause. */
  readonly paused: boolean;
  /** Why the connection was lost. Unset while it is live. */
  readonly error: Error | undefined;
}

/** What a feed needs from the world. */
export interface FeedWorld {
  readonly watch: (options: WatchOptions) => AsyncIterable<RequestNews>;
  readonly nowMs: () => number;
  /** Calls back once after a wait; returns how to cancel. */
  readonly later: (call: () => void, waitMs: number) => () => void;
}

/** News are shown together this often; one paint per row would freeze the page under load. */
const flushMs = 100;
/** More rows than this in one second cannot be read, so the list stops moving. */
const readablePerSecond = 20;
/** What arrives this soon after connecting is what happened before; it is neither new nor a burst. */
const backlogMs = 1500;
/** After this many failures in a row the word is Offline, though the tries go on. */
const patience = 3;

/** The calls of the gateway as they happen, held back when a person reads or cannot keep up. */
export class LiveFeed {
  readonly #world: FeedWorld;
  readonly #listeners = new Set<() => void>();
  #snapshot: LiveSnapshot = { list: emptyList, connection: "stopped", paused: false, error: undefined };
  #arrived: RequestNews[] = [];
  #recent: number[] = []; // When the rows of the last second arrived.
  #stop: AbortController | undefined;
  #cancelFlush: (() => void) | undefined;
  #cursor: string | undefined;
  #connectedMs = 0;
  #failures = 0;
  #reading = false;

  constructor(world: FeedWorld) {
    this.#world = world;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `useSyncExternalStore`. */
  readonly snapshot = (): LiveSnapshot => this.#snapshot;

  /** Begins to watch, or goes on where it stopped. */
  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#failures = 0;
    this.#update({ connection: "connecting", error: undefined });
    void this.#run(stop);
  }

  /** Stops watching and remembers where. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#flush();
    this.#update({ connection: "stopped" });
  }

  /** Tries again at once. */
  retry(): void {
    this.stop();
    this.start();
  }

  /** A person wants the list to stand still, or to move again. */
  setPaused(paused: boolean): void {
    this.#flush();
    this.#update({ paused, list: paused ? this.#snapshot.list : release(this.#snapshot.list) });
  }

  /** A person has scrolled away from the newest row, or is back. */
  setReading(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#flush();
    this.#reading = reading;
    if (!reading && !this.#snapshot.paused) this.show();
  }

  /** Shows the rows held back. */
  show(): void {
    this.#flush();
    this.#recent = [];
    this.#update({ list: release(this.#snapshot.list) });
  }

  async #run(stop: AbortController): Promise<void> {
    try {
      const onState = (state: "live" | "reconnecting", why?: PontageError) => {
        if (stop.signal.aborted) return;
        if (state === "live") {
          this.#failures = 0;
          this.#connectedMs = this.#world.nowMs();
          this.#update({ connection: "live", error: undefined });
        } else {
          this.#failures++;
          this.#update({ connection: this.#failures < patience ? "reconnecting" : "offline", error: why });
        }
      };
      for await (const news of this.#world.watch({ signal: stop.signal, cursor: this.#cursor, onState })) {
        if (stop.signal.aborted) return;
        this.#cursor = news.cursor || this.#cursor;
        this.#arrived.push(news);
        this.#cancelFlush ??= this.#world.later(() => this.#flush(), flushMs);
      }
    } catch (thrown) {
      if (stop.signal.aborted) return;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#stop = undefined; // Waiting does not cure it; `retry()` begins anew.
      this.#update({ connection: "offline", error });
    }
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const news = this.#arrived;
    if (news.length === 0) return;
    this.#arrived = [];
    const nowMs = this.#world.nowMs();
    const backlog = nowMs - this.#connectedMs < backlogMs;
    if (!backlog) this.#recent.push(...news.map(() => nowMs));
    this.#recent = this.#recent.filter((arrivedMs) => nowMs - arrivedMs < 1000);
    const tooFast = this.#recent.length > readablePerSecond;
    const hold = this.#snapshot.paused || this.#reading || tooFast;
    this.#update({ list: take(this.#snapshot.list, news, { hold, fresh: !backlog }) });
  }

  #update(change: Partial<LiveSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}
