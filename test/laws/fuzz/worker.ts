import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";
import { type Mutation, mutations } from "./mutate.ts";
import { targets } from "./targets.ts";

/*
 * Runs targets in a thread of its own, so that one which hangs can be ended and named: before each case it is written into
 * memory that the test can see.
 */

export interface WorkerOrder {
  readonly seed: number;
  /** Cases for a weight of 1. */
  readonly factor: number;
  /** This worker's share: every target whose number leaves `part` when divided by `of`. */
  readonly part: number;
  readonly of: number;
  /** Where the case under way is written: the number of cases begun, and its words. */
  readonly counter: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
}

export interface TargetReport {
  readonly target: string;
  readonly cases: number;
  readonly milliseconds: number;
  /** Undefined when nothing was found. */
  readonly failure: string | undefined;
}

const { seed, factor, part, of, counter, words } = workerData as WorkerOrder;
const begun = new Int32Array(counter);
const place = Buffer.from(words);

for (const [number, target] of targets.entries()) {
  if (number % of !== part) continue;
  const startedMs = performance.now();
  const numRuns = Math.max(1, Math.round(target.weight * factor));
  let cases = 0;
  const one = fc.property(fc.nat(target.recordings.length - 1), mutations, (recording: number, damage: Mutation[]) => {
    const text = `${target.name}, ${target.recordings[recording]}, ${JSON.stringify(damage)}\0`;
    place.write(text.slice(0, place.length));
    Atomics.add(begun, 0, 1);
    cases += 1;
    target.run(recording, damage);
    if ("polluted" in {}) throw new Error("Object.prototype has been polluted");
  });
  // The words of a failure hold the case shrunk to the damage that matters, and the seed and path to run it again.
  const details = fc.check(one, { seed, numRuns });
  const report: TargetReport = {
    target: target.name,
    cases,
    milliseconds: performance.now() - startedMs,
    failure: details.failed
      ? `${target.name}, ${target.recordings[details.counterexample?.[0] ?? 0]} (PONTAGE_SEED=${seed})\n${fc.defaultReportMessage(details)}\n${(details.errorInstance as Error | undefined)?.stack}`
      : undefined,
  };
  parentPort!.postMessage(report);
}
