import { toBinary } from "@bufbuild/protobuf";
import { type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import type { Letter } from "../store/ledger.ts";
import { unstorable } from "../store/ledger-row.ts";

/** What the consumer asks of the ledger. */
export interface RecordingLedger {
  record(events: readonly UsageEvent[]): Promise<{ inserted: number }>;
  deadLetter(letter: Letter): Promise<void>;
}

export interface BillingConsumer {
  /**
   * Makes rows of events, and sets aside those that break a rule. Resolves after the commit: only then may the bus be told
   * that they arrived. Rejects when the ledger cannot be reached; the same events may then come again, and any number of times.
   */
  handle(events: readonly UsageEvent[]): Promise<{ inserted: number; setAside: number }>;
}

export interface BillingConsumerOptions {
  ledger: RecordingLedger;
  /** Which rule of the protobuf definition an event breaks, in words. Undefined when it breaks none. */
  validate: (event: UsageEvent) => string | undefined;
}

/** Turns the events of the bus into rows of the ledger, from whatever transport they come. */
export function createBillingConsumer({ ledger, validate }: BillingConsumerOptions): BillingConsumer {
  async function setAside(event: UsageEvent, reason: string) {
    await ledger.deadLetter({
      reason,
      payload: payloadOf(event),
      origin: placeOf(event),
    });
  }

  /** Nothing that is in an event may keep the events behind it waiting for ever, whatever the database says to it. */
  async function recordOrSetAside(events: readonly UsageEvent[]): Promise<{ inserted: number; setAside: number }> {
    try {
      return { ...(await ledger.record(events)), setAside: 0 };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const [only] = events;
      if (only && events.length === 1) {
        await setAside(only, `the database refused it: ${refusal}`);
        return { inserted: 0, setAside: 1 };
      }
      const middle = Math.ceil(events.length / 2);
      const left = await recordOrSetAside(events.slice(0, middle));
      const right = await recordOrSetAside(events.slice(middle));
      return { inserted: left.inserted + right.inserted, setAside: left.setAside + right.setAside };
    }
  }

  return {
    async handle(events) {
      const sound: UsageEvent[] = [];
      let invalid = 0;
      for (const event of events) {
        const reason = validate(event) ?? unstorable(event) ?? misnamed(event);
        if (reason === undefined) sound.push(event);
        else {
          await setAside(event, reason);
          invalid++;
        }
      }
      const { inserted, setAside: refused } = await recordOrSetAside(sound);
      return { inserted, setAside: invalid + refused };
    },
  };
}

/** The id is made of the call's id and the attempt's number. One that is not could claim the place of another's row. */
function misnamed(event: UsageEvent): string | undefined {
  const name = `${event.requestId}:${event.attempt}`;
  return event.eventId === name ? undefined : `event_id: ${event.eventId} is not ${name}`;
}

/** The event as it would travel, or, when its numbers do not even fit there, as a text that says what they were. */
function payloadOf(event: UsageEvent): Uint8Array {
  try {
    return toBinary(UsageEventSchema, event);
  } catch {
    const text = JSON.stringify(event, (_, value) => (typeof value === "bigint" ? String(value) : value));
    return new TextEncoder().encode(text);
  }
}

/** The place in the producer's journal, when it is one that a column can hold. */
function placeOf({ producer, sequence }: UsageEvent): Letter["origin"] {
  return producer !== "" && sequence > 0n && sequence < 2n ** 63n ? { producer, sequence } : undefined;
}

/**
 * The database's own words when it objects to the content (SQLSTATE classes 22, data exception, and 23, integrity
 * constraint). Undefined for everything that may be better the next time.
 */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return /^2[23][0-9A-Z]{3}$/.test(String(error.code)) ? error.message : undefined;
}
