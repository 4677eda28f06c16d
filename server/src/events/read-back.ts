import { type ClosedAttempt, decodeClosed } from "./attempt.ts";
import type { JournalFiles } from "./files.ts";
import { isDamage, RecordKind, readRecords } from "./record.ts";
import type { Report } from "./report.ts";
import { owns, type Segment } from "./segment.ts";

/** The attempts opened in `segment` whose ends are in one of `holders`, read from disk. */
export async function closedAttempts(
  files: JournalFiles,
  segment: Segment,
  holders: readonly Segment[],
  report: Report,
): Promise<ClosedAttempt[]> {
  const found: ClosedAttempt[] = [];
  const isOwn = owns(segment);
  for (const holder of holders) {
    for (const record of readRecords(await files.read(holder.path))) {
      if (isDamage(record) || record.kind !== RecordKind.CLOSE) continue;
      // Attempts of other segments are passed over without parsing the whole of their text.
      const sequence = sequenceOf(record.payload);
      if (!isOwn(sequence)) continue;
      try {
        found.push(decodeClosed(record.payload));
      } catch (error) {
        report("a journal record cannot be understood", { path: holder.path, sequence, error });
      }
    }
  }
  return found;
}

/** The sequence of a record, which comes first in the text of every kind. */
export function sequenceOf(payload: string): number {
  const sequence = Number.parseInt(payload.slice(1, 18), 10);
  if (!Number.isSafeInteger(sequence)) throw new SyntaxError("a journal record does not begin with its sequence");
  return sequence;
}
