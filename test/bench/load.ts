import type { Pool } from "undici";

export interface Shot {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Throws when the answer is not what it must be. */
  readonly check: (answer: string) => void;
}

export interface Timing {
  readonly firstByteMs: number;
  readonly totalMs: number;
}

export interface LoadResult {
  readonly count: number;
  readonly seconds: number;
  readonly timings: readonly Timing[];
}

/** Sends one request and reads the whole answer. */
export function shoot(pool: Pool, { path, headers, body, check }: Shot, checked: boolean): Promise<Timing> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    let firstByteMs = 0;
    let status = 0;
    const chunks: Buffer[] = [];
    pool.dispatch(
      { path, method: "POST", headers: headers as string[], body },
      {
        onRequestStart() {},
        onResponseStart(_, answered) {
          status = answered;
        },
        onResponseData(_, chunk) {
          firstByteMs ||= performance.now() - startMs;
          if (checked) chunks.push(chunk);
        },
        onResponseEnd() {
          try {
            if (status !== 200) throw new Error(`status ${status}: ${Buffer.concat(chunks).toString()}`);
            if (checked) check(Buffer.concat(chunks).toString());
            resolve({ firstByteMs, totalMs: performance.now() - startMs });
          } catch (error) {
            reject(error);
          }
        },
        onResponseError: (_, error) => reject(error),
      },
    );
  });
}

/** As many requests as `connections` at a time can make in `durationMs`. One in fifty is checked to the letter. */
export async function closedLoop(pool: Pool, shot: Shot, connections: number, durationMs: number): Promise<LoadResult> {
  const startMs = performance.now();
  const timings: Timing[] = [];
  const one = async () => {
    while (performance.now() - startMs < durationMs) timings.push(await shoot(pool, shot, timings.length % 50 === 0));
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { count: timings.length, seconds: (performance.now() - startMs) / 1000, timings };
}

/** `perSecond` requests a second, sent on time whether or not earlier ones have been answered. */
export async function openLoop(pool: Pool, shot: Shot, perSecond: number, durationMs: number): Promise<LoadResult> {
  const startMs = performance.now();
  const pending: Promise<Timing>[] = [];
  const total = Math.round((perSecond * durationMs) / 1000);
  for (let i = 0; i < total; i++) {
    const dueMs = startMs + (i * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    pending.push(shoot(pool, shot, i % 50 === 0));
  }
  const timings = await Promise.all(pending);
  return { count: total, seconds: (performance.now() - startMs) / 1000, timings };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
