import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { UsageBatchSchema, type UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { type ConsumerMessages, headers, type JsMsg, type NatsConnection } from "nats";
import { isBatchMac, macHeader } from "./batch-mac.ts";
import type { HandleEvents, RefusedEvent, Subscription } from "./bus.ts";
import type { NatsLink } from "./nats-connection.ts";
import type { NatsNames } from "./nats-streams.ts";
import { isProducer } from "./producer.ts";
import type { Report } from "./report.ts";

export interface NatsConsumerOptions {
  readonly link: NatsLink;
  readonly names: NatsNames;
  readonly handle: HandleEvents;
  readonly report: Report;
  readonly macKey: Uint8Array | undefined;
  readonly publishTimeoutMs: number;
  readonly redeliverAfterMs: number;
  readonly ackWaitMs: number;
  /** Makes the stream and the durable consumer, where they are missing. */
  readonly prepare: (connection: NatsConnection) => Promise<void>;
}

/** Messages asked for at once, and events given to the ledger at once. */
const mostMessages = 32;
const mostEvents = 1_000;
/** How long one request for messages stands. */
const requestMs = 2_000;

/** A message that can be believed. */
interface Delivery {
  readonly message: JsMsg;
  readonly events: readonly UsageEvent[];
}

/** Takes batches from the stream to the ledger, and acknowledges them when the ledger has them. */
export class NatsConsumer implements Subscription {
  readonly #options: NatsConsumerOptions;
  readonly #ending = new AbortController();
  readonly #loop: Promise<void>;
  #messages: ConsumerMessages | undefined;

  constructor(options: NatsConsumerOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#messages?.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { link, names, prepare, report } = this.#options;
    const { signal } = this.#ending;
    let failures = 0;
    let prepared = false;
    while (!signal.aborted) {
      try {
        const connection = link.required();
        if (!prepared) await prepare(connection);
        prepared = true;
        const consumer = await connection.jetstream().consumers.get(names.stream, names.consumer);
        failures = 0;
        while (!signal.aborted) {
          this.#messages = await consumer.fetch({ max_messages: mostMessages, expires: requestMs });
          await this.#work(this.#messages);
          link.required();
        }
      } catch (error) {
        prepared = false;
        if (signal.aborted) return;
        if (++failures === 5) report("usage events cannot be taken from NATS", { error });
        await sleep(Math.min(100 * failures, 1_000), undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }

  async #work(messages: ConsumerMessages): Promise<void> {
    const arrived: JsMsg[] = [];
    const inHand = new Set<JsMsg>();
    let working: Promise<void> | undefined;
    // A short acknowledgement wait makes a crash cheap; whoever is alive says so in time.
    const alive = setInterval(() => {
      for (const message of inHand) message.working();
    }, this.#options.ackWaitMs / 3);
    // A server that comes back knows nothing of the request, so another one has to be made.
    this.#options.link.whileUp(messages.closed()).catch(() => messages.close());
    try {
      for await (const message of messages) {
        arrived.push(message);
        inHand.add(message);
        working ??= this.#workOff(arrived, inHand).finally(() => {
          working = undefined;
        });
      }
    } finally {
      await working;
      clearInterval(alive);
    }
  }

  /** What arrives while the ledger is busy goes to it together afterwards. */
  async #workOff(arrived: JsMsg[], inHand: Set<JsMsg>): Promise<void> {
    await new Promise(setImmediate);
    while (arrived.length > 0) {
      const messages: JsMsg[] = [];
      const group: Delivery[] = [];
      for (let events = 0; events < mostEvents && arrived[0]; ) {
        const message = arrived.shift() as JsMsg;
        messages.push(message);
        const delivery = await this.#believe(message);
        if (delivery) group.push(delivery);
        events += delivery?.events.length ?? 0;
      }
      await this.#deliver(group);
      for (const message of messages) inHand.delete(message);
    }
  }

  /** Decodes a message. One that cannot be believed goes to the dead letter. */
  async #believe(message: JsMsg): Promise<Delivery | undefined> {
    const { macKey, names } = this.#options;
    if (macKey && !isBatchMac(message.headers?.get(macHeader) ?? "", macKey, message.data)) {
      await this.#bury(message, "forged");
      return undefined;
    }
    let events: UsageEvent[];
    try {
      events = fromBinary(UsageBatchSchema, message.data).events;
    } catch {
      await this.#bury(message, "undecodable");
      return undefined;
    }
    const producer = names.producerOf(message.subject) ?? "";
    if (!isProducer(producer) || events.some((event) => event.producer !== producer)) {
      await this.#bury(message, "forged");
      return undefined;
    }
    return { message, events };
  }

  async #deliver(group: readonly Delivery[]): Promise<void> {
    if (group.length === 0) return;
    try {
      await this.#commit(group);
    } catch (error) {
      // One batch that the ledger cannot take must not hold up the others.
      for (const delivery of group) {
        if (group.length > 1) await this.#commit([delivery]).catch((cause) => this.#later(delivery, cause));
        else this.#later(delivery, error);
      }
    }
  }

  /** Acknowledges only what the ledger has. */
  async #commit(group: readonly Delivery[]): Promise<void> {
    const refused = await this.#options.handle(group.flatMap(({ events }) => events));
    if (refused?.length) await this.#buryEvents(refused);
    for (const { message } of group) message.ack();
  }

  #later({ message, events }: Delivery, error: unknown): void {
    const { report, redeliverAfterMs } = this.#options;
    if (message.info.deliveryCount === 1)
      report("the ledger could not take usage events", { count: events.length, error });
    message.nak(redeliverAfterMs);
  }

  /** Puts a whole message aside. `term` is given no reason, because a server older than 2.11 would ignore it. */
  async #bury(message: JsMsg, why: "forged" | "undecodable"): Promise<void> {
    this.#options.report("a batch of usage events cannot be believed", {
      why,
      subject: message.subject,
      bytes: message.data.length,
    });
    try {
      await this.#toDeadLetter(why, message.subject, message.data, `${message.seq}-${message.info.timestampNanos}`);
      message.term();
    } catch {
      message.nak(this.#options.redeliverAfterMs);
    }
  }

  async #buryEvents(refused: readonly RefusedEvent[]): Promise<void> {
    const { names, report } = this.#options;
    for (const { event, why } of refused) {
      report("the ledger refused a usage event", { producer: event.producer, sequence: event.sequence, why });
      const batch = toBinary(UsageBatchSchema, create(UsageBatchSchema, { events: [event] }));
      await this.#toDeadLetter("refused", names.subject(event.producer), batch, event.eventId);
    }
  }

  async #toDeadLetter(why: string, subject: string, data: Uint8Array, id: string): Promise<void> {
    const { link, names, publishTimeoutMs } = this.#options;
    const origin = headers();
    origin.set("Pontage-Subject", subject);
    await link
      .required()
      .jetstream()
      .publish(names.deadLetterSubject(why), data, {
        headers: origin,
        msgID: `${why}:${id}`,
        timeout: publishTimeoutMs,
      });
  }
}
