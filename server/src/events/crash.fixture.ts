// Run by recovery.test.ts as a process of its own: works with a journal until it is killed, and says on standard output
// what it was promised, in the words of the journal. A line is written after the call returned.
import { writeSync } from "node:fs";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { Journal, type OpenAttempt } from "./journal.ts";

const [root = "", producer = ""] = process.argv.slice(2);
const journal = new Journal({ root, producer, segmentBytes: 20_000, report: console.error });
const running: OpenAttempt[] = [];
const say = (what: string, { sequence }: OpenAttempt) => writeSync(1, `${what} ${sequence}\n`);

for (let n = 1; ; n++) {
  const attempt = journal.open(factsOf(n));
  say("open", attempt);
  running.push(attempt);
  if (n % 3 === 0) {
    attempt.start();
    journal.flush();
    say("start", attempt);
  }
  // Every seventh attempt never ends, so that long ones are spread over the segments.
  const ending = running.length > 5 ? running.shift() : undefined;
  if (!ending || ending.sequence % 7 === 0) continue;
  ending.close(resultOf(ending.sequence));
  say("close", ending);
  if (n % 100 === 0) await new Promise(setImmediate);
}
