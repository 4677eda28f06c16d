import { join } from "node:path";

/**
 * What is remembered of one file of a journal while it lives. A segment owns the attempts that were opened in it, which
 * are a stretch of sequences without gaps; it may also hold starts and closes of attempts of earlier segments, and then
 * it is needed until those are settled.
 */
export interface Segment {
  readonly number: number;
  readonly path: string;
  bytes: number;
  /** The first and last sequence opened here; 0 when there is none. */
  firstSequence: number;
  lastSequence: number;
  /** Attempts opened here that have not ended. */
  running: number;
  /** Attempts opened here that have ended and that the bus has not taken yet. */
  unshipped: number;
  /** Attempts opened here that have to be read back, because there was no room to keep them in memory. */
  leftOnDisk: number;
  /** Earlier segments whose attempts have records here. */
  readonly needs: Set<Segment>;
  /** Nothing is written to it any more. */
  sealed: boolean;
  /** The ledger has every attempt that was opened here. */
  cleared: boolean;
}

export function newSegment(directory: string, number: number): Segment {
  return {
    number,
    path: join(directory, `${String(number).padStart(8, "0")}.log`),
    bytes: 0,
    firstSequence: 0,
    lastSequence: 0,
    running: 0,
    unshipped: 0,
    leftOnDisk: 0,
    needs: new Set(),
    sealed: false,
    cleared: false,
  };
}

/** The number in a segment's name; undefined for other files. */
export function segmentNumber(fileName: string): number | undefined {
  const digits = /^(\d{8,})\.log$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether nothing will ever ask for this segment again. */
export function isDisposable(segment: Segment): boolean {
  return segment.sealed && segment.cleared && [...segment.needs].every((needed) => needed.cleared);
}

/** Whether an attempt was opened in this segment. */
export function owns(segment: Segment): (sequence: number) => boolean {
  return (sequence) => sequence >= segment.firstSequence && sequence <= segment.lastSequence;
}
