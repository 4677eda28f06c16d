import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { TargetReport, WorkerOrder } from "./fuzz/worker.ts";
import { seed } from "./spoil.ts";

/*
 * Law 8 by the hundred thousand: every decoder, tally, reader and scanner with damaged recordings. Nothing but the typed error
 * is thrown, nothing hangs, counts stay counts, a stream ends once, bytes pass as they came. `PONTAGE_SEED` repeats a run,
 * `PONTAGE_NIGHTLY` makes it thirty times as long.
 */

const factor = process.env.PONTAGE_NIGHTLY === "1" ? 60 : 2;
const workers = 2;
/** A case takes well below a millisecond. One that takes this long does not end. */
const hangsAfterMs = 20_000;

/** One worker's share of the targets. Fails with the name of the case when it stops getting on. */
async function share(part: number): Promise<readonly TargetReport[]> {
  const counter = new SharedArrayBuffer(4);
  const words = new SharedArrayBuffer(1024);
  const order: WorkerOrder = { seed, factor, part, of: workers, counter, words };
  const worker = new Worker(new URL("./fuzz/worker.ts", import.meta.url), { workerData: order, execArgv: [] });
  const reports: TargetReport[] = [];
  worker.on("message", (report: TargetReport) => reports.push(report));
  let seen = -1;
  let hung: string | undefined;
  const watch = setInterval(() => {
    const begun = Atomics.load(new Int32Array(counter), 0);
    // While the code is being loaded none has begun.
    if (begun === seen && begun > 0) {
      hung = Buffer.from(words).toString("utf8").split("\0")[0]!;
      void worker.terminate();
    }
    seen = begun;
  }, hangsAfterMs);
  try {
    await once(worker, "exit");
  } finally {
    clearInterval(watch);
  }
  if (hung !== undefined) throw new Error(`It hangs: ${hung} (PONTAGE_SEED=${seed})`);
  return reports;
}

test(`no damaged bytes do more than be refused (PONTAGE_SEED=${seed})`, { timeout: 3_600_000 }, async () => {
  const reports = (await Promise.all(Array.from({ length: workers }, (_, part) => share(part)))).flat();
  expect(reports.flatMap(({ failure }) => failure ?? []).join("\n\n")).toBe("");
  const cases = reports.reduce((sum, report) => sum + report.cases, 0);
  console.log(`${cases} cases, ${reports.length} targets (PONTAGE_SEED=${seed})`);
  if (process.env.PONTAGE_VERBOSE) console.table(reports.map(({ failure: _, ...report }) => report));
  expect(cases).toBeGreaterThanOrEqual(100_000);
});
