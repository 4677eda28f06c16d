import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";

/** How things are called on NATS. Everything begins with the prefix, so that installations can share a server. */
export interface NatsNames {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: (producer: string) => string;
  /** The producer a subject names; undefined for a subject that is none of ours. */
  readonly producerOf: (subject: string) => string | undefined;
  readonly deadLetterStream: string;
  readonly deadLetterSubject: (why: string) => string;
}

export function natsNames(prefix: string): NatsNames {
  if (!/^[a-z][a-z0-9_-]*$/i.test(prefix)) throw new Error(`${prefix} cannot be a prefix of NATS subjects`);
  const upper = prefix.toUpperCase();
  const usage = `${prefix}.usage.v1.`;
  return {
    stream: `${upper}_USAGE`,
    consumer: `${prefix}-billing`,
    subject: (producer) => `${usage}${producer}`,
    producerOf: (subject) => (subject.startsWith(usage) ? subject.slice(usage.length) : undefined),
    deadLetterStream: `${upper}_USAGE_DEAD`,
    deadLetterSubject: (why) => `${prefix}.usage-dead.v1.${why}`,
  };
}

export interface StreamLimits {
  readonly maxBytes: number;
  readonly replicas: number;
  /** How long NATS waits for an acknowledgement before it delivers again. */
  readonly ackWaitMs: number;
}

/** Creates the streams where they are missing. One that exists is the operator's, and is left as it is. */
export async function ensureStreams(jsm: JetStreamManager, names: NatsNames, limits: StreamLimits): Promise<void> {
  await ensureStream(jsm, {
    name: names.stream,
    subjects: [names.subject("*")],
    storage: StorageType.File,
    // An acknowledged message is in the ledger and goes. One that is not is never pushed out by a newer one: a full
    // stream refuses, and the journals keep what it refused.
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: limits.maxBytes,
    duplicate_window: nanos(2 * 60_000),
    num_replicas: limits.replicas,
  });
  await ensureStream(jsm, {
    name: names.deadLetterStream,
    subjects: [names.deadLetterSubject("*")],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: limits.maxBytes,
    num_replicas: limits.replicas,
  });
}

export async function ensureConsumer(jsm: JetStreamManager, names: NatsNames, limits: StreamLimits): Promise<void> {
  const config: Partial<ConsumerConfig> = {
    durable_name: names.consumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(limits.ackWaitMs),
    // The ledger may be away for long. Nothing is given up because it was delivered often.
    max_deliver: -1,
  };
  try {
    await jsm.consumers.info(names.stream, names.consumer);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await jsm.consumers.add(names.stream, config);
  }
}

async function ensureStream(jsm: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  try {
    await jsm.streams.info(config.name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await jsm.streams.add(config);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "404";
}
