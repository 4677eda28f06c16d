// One class for each thing that can be done about a failure.
import { NotFound, Pontage, PontageError, RateLimited, Unauthenticated } from "@pontage/sdk";

const pontage = new Pontage({ maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }] as const;

async function attempt(what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
    console.log(`${what}: it worked`);
  } catch (error) {
    if (error instanceof RateLimited) console.log(`${what}: wait ${error.retryAfterMs} ms, then try again`);
    else if (error instanceof NotFound) console.log(`${what}: ${error.message}`);
    else if (error instanceof Unauthenticated) console.log(`${what}: check the key. ${error.message}`);
    else if (error instanceof PontageError)
      console.log(`${what}: ${error.name} ${error.code} ${error.requestId ?? ""}`);
    else throw error;
  }
}

await attempt("a model nobody has", () => pontage.chat.create({ model: "sim/none", messages }));
const failing = { headers: { "x-sim-fail": "429;retry-after=2" } };
await attempt("a provider that limits", () => pontage.chat.create({ model: "sim/flaky", messages }, failing));
const stranger = new Pontage({ apiKey: "sk-pt-0000000000000000000000_000000", maxRetries: 0 });
await attempt("a key that does not exist", () => stranger.chat.create({ model: "sim/echo", messages }));
