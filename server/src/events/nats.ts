import { create, toBinary } from "@bufbuild/protobuf";
import { UsageBatchSchema, type UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { headers, type JetStreamManager, type NatsConnection } from "nats";
import { batchMac, macHeader } from "./batch-mac.ts";
import type { Bus, Shipment } from "./bus.ts";
import { NatsLink } from "./nats-connection.ts";
import { NatsConsumer } from "./nats-consumer.ts";
import { ensureConsumer, ensureStreams, natsNames } from "./nats-streams.ts";
import type { Report } from "./report.ts";

export interface NatsBusOptions {
  /** For example `nats://127.0.0.1:4222`; several servers separated by commas. */
  readonly url: string;
  /** How this process is called in the server's own listings. */
  readonly name: string;
  readonly report: Report;
  /** Shared by gateways and billing consumers. With it, a batch that does not carry its MAC goes to the dead letter. */
  readonly macKey?: Uint8Array;
  /** What streams and subjects begin with. The default is `pontage`. */
  readonly prefix?: string;
  /** How much the stream holds before it refuses. Only for a stream that does not exist. The default is 1 GiB. */
  readonly maxBytes?: number;
  /** Only for a stream that does not exist. The default is 1. */
  readonly replicas?: number;
  /** How soon a dead consumer's batches go to another one. Only for a consumer that does not exist. The default is 2,000. */
  readonly ackWaitMs?: number;
  /** How long to wait for the server's word that it has a batch. The default is 5,000. */
  readonly publishTimeoutMs?: number;
  /** How long a batch waits after the ledger could not take it. The default is 1,000. */
  readonly redeliverAfterMs?: number;
}

/** Room for the subject and headers of a message, which count towards the server's limit. */
const headerBytes = 1_024;

/** The bus of a scaled deployment: NATS JetStream. It exists whether or not the server is there. */
export function natsBus(options: NatsBusOptions): Bus {
  const { url, name, report, macKey } = options;
  const names = natsNames(options.prefix ?? "pontage");
  const limits = {
    maxBytes: options.maxBytes ?? 1 << 30,
    replicas: options.replicas ?? 1,
    ackWaitMs: options.ackWaitMs ?? 2_000,
  };
  const publishTimeoutMs = options.publishTimeoutMs ?? 5_000;
  const link = new NatsLink(url, name, report);
  const consumers: NatsConsumer[] = [];
  let streamsKnown = false;

  async function prepare(connection: NatsConnection): Promise<JetStreamManager> {
    const manager = await connection.jetstreamManager();
    await ensureStreams(manager, names, limits);
    streamsKnown = true;
    return manager;
  }

  async function send(connection: NatsConnection, producer: string, events: readonly UsageEvent[], again?: string) {
    const batch = toBinary(UsageBatchSchema, create(UsageBatchSchema, { events: [...events] }));
    const most = (connection.info?.max_payload ?? 1 << 20) - headerBytes;
    if (batch.length > most && events.length > 1) {
      const half = events.length >> 1;
      await send(connection, producer, events.slice(0, half), again);
      await send(connection, producer, events.slice(half), again);
      return;
    }
    const messageHeaders = headers();
    if (macKey) messageHeaders.set(macHeader, batchMac(macKey, batch));
    const taken = connection.jetstream().publish(names.subject(producer), batch, {
      msgID: messageId(producer, events, again),
      headers: messageHeaders,
      timeout: publishTimeoutMs,
      expect: { streamName: names.stream },
    });
    await link.whileUp(taken);
  }

  return {
    async publish({ producer, events, again }: Shipment) {
      const connection = link.required();
      try {
        if (!streamsKnown) await link.whileUp(prepare(connection));
        await send(connection, producer, events, again);
      } catch (error) {
        // The stream may be gone together with the server's disk; the next attempt makes it anew.
        streamsKnown = false;
        throw error;
      }
    },
    subscribe(handle) {
      const consumer = new NatsConsumer({
        link,
        names,
        handle,
        report,
        macKey,
        publishTimeoutMs,
        ackWaitMs: limits.ackWaitMs,
        redeliverAfterMs: options.redeliverAfterMs ?? 1_000,
        prepare: async (connection) => {
          await link.whileUp(prepare(connection).then((manager) => ensureConsumer(manager, names, limits)));
        },
      });
      consumers.push(consumer);
      return consumer;
    },
    trouble: () => (link.connection ? undefined : "NATS is not connected"),
    async close() {
      await Promise.all(consumers.map((consumer) => consumer.end()));
      await link.close();
    },
  };
}

/**
 * The same for the same events, so that a batch sent twice because the first answer was lost is stored once. Two batches
 * of a producer that begin and end alike are the same one, since an event is in one batch only unless it is sent again.
 */
function messageId(producer: string, events: readonly UsageEvent[], again: string | undefined): string {
  const id = `${producer}:${events[0]?.sequence}-${events.at(-1)?.sequence}`;
  return again === undefined ? id : `${id}:${again}`;
}
