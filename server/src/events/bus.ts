import type { UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";

/** Events of one producer on their way to the ledger. */
export interface Shipment {
  readonly producer: string;
  /** In ascending order of their sequences; at least one. */
  readonly events: readonly UsageEvent[];
  /** Set when events are sent again that the bus lost: unlike any other, so that the bus takes it for something new. */
  readonly again?: string;
}

/** An event the ledger will never accept. */
export interface RefusedEvent {
  readonly event: UsageEvent;
  readonly why: string;
}

/**
 * Takes events to the ledger. Resolves once all of them are committed, except for those it answers with, which go to the
 * dead letter. A rejection means that nothing is known to be committed: all of them are delivered again.
 */
export type HandleEvents = (events: readonly UsageEvent[]) => Promise<readonly RefusedEvent[] | undefined>;

/** Carries usage events from gateways to the billing consumer, at least once. */
export interface Bus {
  /** Resolves when the bus has taken the shipment over; rejects when it may not have. */
  publish(shipment: Shipment): Promise<void>;
  /** Begins to deliver. Several subscribers, in any number of processes, share the work. */
  subscribe(handle: HandleEvents): Subscription;
  /** What stands between the bus and its work; undefined when nothing does. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

export interface Subscription {
  /** Resolves when the events being handled are done and no more will come. */
  end(): Promise<void>;
}
