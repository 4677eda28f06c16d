/**
 * How many output tokens a model gives at most, where that has to be known: the dialects that cannot leave the cap out are
 * spoken by these types of provider. Source: models.dev (MIT) at f3fc692, 2026-07-02; names without a snapshot's date.
 */
const outputLimits = new Map(
  Object.entries({
    anthropic: {
      "claude-fable-5": 128_000,
      "claude-opus-5": 128_000,
      "claude-opus-4-8": 128_000,
      "claude-opus-4-7": 128_000,
      "claude-opus-4-6": 128_000,
      "claude-opus-4-5": 64_000,
      "claude-opus-4-1": 32_000,
      "claude-opus-4-0": 32_000,
      "claude-opus-4": 32_000,
      "claude-sonnet-5": 128_000,
      "claude-sonnet-4-6": 64_000,
      "claude-sonnet-4-5": 64_000,
      "claude-sonnet-4-0": 64_000,
      "claude-sonnet-4": 64_000,
      "claude-haiku-4-5": 64_000,
      "claude-3-haiku": 4096,
    },
    deepseek: {
      "deepseek-v4-pro": 384_000,
      "deepseek-v4-flash": 384_000,
      "deepseek-chat": 384_000,
      "deepseek-reasoner": 384_000,
    },
  }).map(([type, limits]) => [type, new Map<string, number>(Object.entries(limits))]),
);

/** The smallest limit a model in use has: a cap above a model's limit is refused by its provider, one below is not. */
const unknownLimit = 4096;

/** The most output tokens a model gives, or a number every model accepts when it is not known. */
export function outputLimitOf(providerType: string, model: string): number {
  return knownOutputLimit(providerType, model) ?? unknownLimit;
}

export function knownOutputLimit(providerType: string, model: string): number | undefined {
  const limits = outputLimits.get(providerType) ?? outputLimits.get("anthropic");
  const name = claudeIn(model) ?? model;
  return limits?.get(name) ?? limits?.get(withoutSnapshot(name));
}

/** Clouds name the vendor and a version around the model's own name: `us.anthropic.claude-opus-5-20260401-v1:0`, `claude-opus-5@20260401`. */
function claudeIn(model: string): string | undefined {
  return /claude-[a-z0-9-]*?(?=-v\d|@|:|$)/.exec(model)?.[0];
}

/**
 * A snapshot of a model carries its date, or `-latest`, and is the same model. Short numbers as in `mistral-large-2411` tell
 * models apart, so they are part of the name.
 */
export function withoutSnapshot(model: string): string {
  return model.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, "");
}
