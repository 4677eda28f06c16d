import type { ClosedAttempt } from "./attempt.ts";
import type { Segment } from "./segment.ts";

/** The journal of one producer, as the shipper sees it: a running one, or one left behind by a dead process. */
export interface SegmentSource {
  readonly producer: string;
  /** The segments that nothing is written to any more, oldest first. */
  sealed(): Segment[];
  /** The attempts that were opened in a segment and have ended. */
  read(segment: Segment): Promise<ClosedAttempt[]>;
  remove(segment: Segment): Promise<void>;
}

/** What the ledger can be asked. */
export interface LedgerCheck {
  /** The sequences of a producer, both ends included, that the ledger does not have. */
  confirmed(producer: string, firstSequence: bigint, lastSequence: bigint): Promise<readonly bigint[]>;
}
