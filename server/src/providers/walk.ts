import { create } from "@bufbuild/protobuf";
import { type TestProviderResponse, TestProviderResponseSchema } from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { GenerateRequestSchema, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { text } from "../canonical/events.ts";
import { LossReport } from "../canonical/loss.ts";
import type { Clock } from "../world.ts";
import { discoverModels } from "./discover.ts";
import { fetchWhole } from "./fetch-whole.ts";
import { type Provider, pathOf } from "./provider.ts";

/** Walks to a provider, step by step, and says of each whether it worked. Stops at the first that does not. */
export async function* walkTo(provider: Provider, wanted: string, clock: Clock): AsyncIterable<TestProviderResponse> {
  const startMs = clock.monotonicMs();
  const report = (step: string, ok: boolean, detail: string) =>
    create(TestProviderResponseSchema, { step, ok, detail, durationMs: Math.round(clock.monotonicMs() - startMs) });

  let models: string[] = [];
  try {
    models = await discoverModels(provider);
    // Where there was no list to ask for, nothing has been proven yet: the generation will tell.
    if (provider.modelsPath !== undefined) {
      yield report("connect", true, provider.simulated ? "inside this process" : `${provider.baseUrl} answers`);
      yield report(
        "authenticate",
        true,
        provider.credentialSource ? `accepted the key from ${provider.credentialSource}` : "no key is needed",
      );
      yield report("list models", true, `${models.length} models`);
    }
  } catch (error) {
    const failure = error instanceof GatewayError ? error : undefined;
    if (failure?.reason === Reason.UPSTREAM_CREDENTIAL_REFUSED) {
      yield report("connect", true, `${provider.baseUrl} answers`);
      return yield report(
        "authenticate",
        false,
        `${failure.message} Check the key from ${provider.credentialSource || "nowhere: none is set"}.`,
      );
    }
    if (!failure || failure.reason === Reason.UPSTREAM_UNREACHABLE || failure.reason === Reason.UPSTREAM_TIMEOUT) {
      return yield report("connect", false, failure?.message ?? String(error));
    }
    // Some servers have no list; that alone is no reason to stop.
    yield report("connect", true, `${provider.baseUrl} answers`);
    yield report("list models", false, failure.message);
  }

  const model = wanted || models[0] || [...provider.models][0];
  if (!model)
    return yield report("generate", false, "No model is known. Name one: pontage providers test NAME --model MODEL");
  try {
    yield report("generate", true, `${model} answered in ${await generateOne(provider, model)}`);
  } catch (error) {
    yield report("generate", false, `${model}: ${(error as Error).message}`);
  }
}

/** Asks for one token and says in which dialect the answer came. */
async function generateOne(provider: Provider, model: string): Promise<string> {
  const [speaking] = provider.speaks;
  const { dialect, headers } = speaking!;
  const request = create(GenerateRequestSchema, {
    model,
    maxOutputTokens: 16, // the least that every provider takes
    messages: [{ role: Role.USER, parts: [text("Say OK.")] }],
  });
  const context = {
    model,
    stream: false,
    askUsage: false,
    outputLimit: 16,
    losses: new LossReport(),
    ...(provider.quirks && { quirks: provider.quirks }),
  };
  const body = Buffer.from(JSON.stringify(dialect.request.encode(request, context)));
  const path = pathOf(speaking!, "generate", false, model)!;
  const answer = await fetchWhole(provider, path, headers, body, { maxBytes: 1024 * 1024 });
  if (answer.status >= 400) throw dialect.error.decode(answer.status, answer.headers, answer.text);
  dialect.unary.decode(JSON.parse(answer.text));
  return dialect.id;
}
