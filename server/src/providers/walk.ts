import { lookup } from "node:dns/promises";
import net from "node:net";
import tls from "node:tls";
import { create } from "@bufbuild/protobuf";
import { type TestProviderResponse, TestProviderResponseSchema } from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { GenerateRequestSchema, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { text } from "../canonical/events.ts";
import { LossReport } from "../canonical/loss.ts";
import type { Clock } from "../world.ts";
import { discoverModels } from "./discover.ts";
import { fetchWhole } from "./fetch-whole.ts";
import { type Provider, pathOf, speakingFor } from "./provider.ts";
import { socketErrorInWords } from "./socket-error.ts";

/** Walks to a provider, step by step, and says of each how long it took and whether it worked. Stops where it cannot go on. */
export async function* walkTo(provider: Provider, wanted: string, clock: Clock): AsyncIterable<TestProviderResponse> {
  let lastMs = clock.monotonicMs();
  const report = (step: string, ok: boolean, detail: string) => {
    const durationMs = Math.round(clock.monotonicMs() - lastMs);
    lastMs = clock.monotonicMs();
    return create(TestProviderResponseSchema, { step, ok, detail, durationMs });
  };

  if (provider.simulated) yield report("connect", true, "inside this process");
  else {
    for (const [step, go] of wayTo(provider)) {
      try {
        yield report(step, true, await go());
      } catch (error) {
        return yield report(step, false, `${provider.baseUrl}: ${socketErrorInWords(error as Error)}.`);
      }
    }
  }

  const source = provider.credentialSource;
  if (provider.credential) {
    try {
      await provider.credential.get();
      yield report("get token", true, `from ${source}`);
    } catch (error) {
      return yield report("get token", false, (error as Error).message);
    }
  }

  let listed: string | undefined;
  // Where there is no list to ask for, the generation will tell whether the key is accepted.
  if (provider.modelLists.paths.length > 0) {
    try {
      const models = await discoverModels(provider);
      [listed] = models.keys();
      yield report("authenticate", true, source ? `accepted the key from ${source}` : "no key is needed");
      yield report("list models", true, `${models.size} models`);
    } catch (error) {
      const words = (error as Error).message;
      if (error instanceof GatewayError && error.reason === Reason.UPSTREAM_CREDENTIAL_REFUSED) {
        const advice = `Check the key from ${source || "nowhere: none is set"}.`;
        yield report("authenticate", false, `${words} ${advice}`);
        // Some are allowed to generate and not to list.
        if (provider.models.size === 0 && !wanted) return;
      } else yield report("list models", false, words);
    }
  }

  const model = wanted || listed || [...provider.models][0];
  if (!model)
    return yield report("generate", false, "No model is known. Name one: pontage providers test NAME --model MODEL");
  try {
    yield report("generate", true, `${model} answered in ${await generateOne(provider, model)}`);
  } catch (error) {
    yield report("generate", false, `${model}: ${(error as Error).message}`);
  }
}

type Step = readonly [step: string, go: () => Promise<string>];

/** What the connections of calls go through, one by one. */
function wayTo({ baseUrl, timeouts: { connectMs } }: Provider): readonly Step[] {
  const { protocol, hostname, port } = new URL(baseUrl);
  const host = hostname.replace(/^\[|\]$/g, "");
  const isTls = protocol === "https:";
  const at = Number(port) || (isTls ? 443 : 80);
  const resolve = async () => {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address).join(", ");
  };
  // By name, so that of several addresses the one is taken that a call would take.
  const connect = () => {
    const socket = net.connect({ host, port: at });
    return connected(socket, "connect", connectMs, () => `${socket.remoteAddress} port ${at}`);
  };
  const shakeHands = () => {
    const socket = tls.connect({ host, port: at, ...(net.isIP(host) ? {} : { servername: host }) });
    const agreed = () => `${socket.getProtocol()}, certificate until ${socket.getPeerCertificate().valid_to}`;
    return connected(socket, "secureConnect", connectMs, agreed);
  };
  const steps: Step[] = [
    ["resolve", resolve],
    ["connect", connect],
  ];
  return isTls ? [...steps, ["tls", shakeHands]] : steps;
}

/** What `facts` says of a socket that is connected; it is closed then. */
function connected(
  socket: net.Socket,
  event: "connect" | "secureConnect",
  waitMs: number,
  facts: () => string,
): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const error = Object.assign(new Error(`not connected within ${waitMs} ms`), { code: "ETIMEDOUT" });
    socket.setTimeout(waitMs, () => reject(error));
    socket.once(event, () => resolve(facts()));
    socket.once("error", reject);
  }).finally(() => socket.destroy());
}

/** Asks for one token and says in which dialect the answer came. */
async function generateOne(provider: Provider, model: string): Promise<string> {
  const speaking = speakingFor(provider, undefined, "generate", model);
  if (!speaking) throw new Error("it cannot generate.");
  const { dialect, headers } = speaking;
  const sentModel = provider.deployments.get(model) ?? model;
  const request = create(GenerateRequestSchema, {
    model: sentModel,
    maxOutputTokens: 16, // the least that every provider takes
    messages: [{ role: Role.USER, parts: [text("Say OK.")] }],
  });
  const context = {
    model: sentModel,
    stream: false,
    askUsage: false,
    outputLimit: 16,
    losses: new LossReport(),
    ...(provider.quirks && { quirks: provider.quirks }),
  };
  const body = Buffer.from(JSON.stringify(dialect.request.encode(request, context)));
  const path = pathOf(speaking, "generate", false, sentModel)!;
  const answer = await fetchWhole(provider, path, headers, body, { maxBytes: 1024 * 1024 });
  if (answer.status >= 400) throw dialect.error.decode(answer.status, answer.headers, answer.text);
  dialect.unary.decode(JSON.parse(answer.text));
  return dialect.id;
}
