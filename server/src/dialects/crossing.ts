import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { DialectId } from "./dialect.ts";
import { objectIn } from "./wire.ts";

/** What becomes of a field that only its origin's dialect knows. */
type Fate =
  /** Its loss is harmless, and is reported. */
  | "lose"
  /** Its loss would change what the call means. */
  | "refuse"
  /** The object is known; what is left of it here is lost field by field. */
  | "lose inside"
  /** It says nothing that is not said elsewhere. */
  | "pass over";

/**
 * The request fields without a word in the canonical model, by origin. A field that is not listed is lost and reported:
 * nobody knows what it means, and the report lets a strict caller refuse.
 */
const fates: Readonly<Record<string, Readonly<Record<string, Fate | ((value: JsonValue) => Fate)>>>> = {
  "openai-chat": {
    // Said by canonical fields already; kept only for their spelling.
    max_tokens: "pass over",
    safety_identifier: "pass over",
    // Sound, searched pages and older calls are answers of another kind.
    modalities: (value) => (JSON.stringify(value) === '["text"]' ? "pass over" : "refuse"),
    audio: "refuse",
    web_search_options: "refuse",
    functions: "refuse",
    function_call: "refuse",
    verbosity: (value) => (value === "medium" ? "pass over" : "refuse"),
    // A stored answer is asked for later; not storing it is what everybody else does.
    store: (value) => (value === true ? "refuse" : "pass over"),
    // These change speed, price, bookkeeping or the odds of a word, not what is asked.
    prediction: "lose",
    service_tier: "lose",
    logit_bias: "lose",
    metadata: "lose",
    prompt_cache_key: "lose",
    prompt_cache_retention: "lose",
    stream_options: "lose inside",
  },
  "anthropic-messages": {
    container: "refuse",
    mcp_servers: "refuse",
    // Where the data may be processed is a promise, not a wish.
    inference_geo: "refuse",
    // Trims what the provider re-reads and caches; the conversation itself is unchanged. Coding clients always send it.
    context_management: "lose",
    // The older spelling of a format that a canonical field says.
    output_format: "pass over",
    cache_control: "lose",
    metadata: "lose inside",
    thinking: "lose inside",
    output_config: "lose inside",
    service_tier: "lose",
    speed: "lose",
  },
};

/** One way from a dialect to another: knows what may be said as it is, what is lost, and what must be refused. */
export class Crossing {
  readonly from: string;
  readonly to: DialectId;
  /** Nothing is crossed: the fields of the origin are the target's own. */
  readonly same: boolean;
  readonly #losses: Losses;

  constructor(from: string, to: DialectId, losses: Losses) {
    this.from = from;
    this.to = to;
    this.same = from === to;
    this.#losses = losses;
  }

  lose(path: string): void {
    this.#losses.lose(path);
  }

  /** The fields to write beside the known ones: the target's own as they came, others lost and reported. */
  extra(extra: JsonObject | undefined, path: string): JsonObject | undefined {
    if (extra === undefined || this.same) return extra;
    for (const field of Object.keys(extra)) {
      if (field !== spelling) this.lose(path === "" ? field : `${path}.${field}`);
    }
    return undefined;
  }

  /** The same for the top of a request, where the loss of some fields would change the call's meaning. */
  requestExtra(extra: JsonObject | undefined): JsonObject | undefined {
    if (extra === undefined || this.same) return extra;
    for (const [field, value] of Object.entries(extra)) {
      const known = fates[this.from];
      const entry = known !== undefined && Object.hasOwn(known, field) ? known[field] : "lose";
      const fate = typeof entry === "function" ? entry(value) : entry;
      if (fate === "refuse") throw this.cannot(field, `\`${field}\``);
      if (fate === "lose inside") this.extra(objectIn(value), field);
      else if (fate === "lose") this.lose(field);
    }
    return undefined;
  }

  /** The error for something whose loss would change the call's meaning. */
  cannot(param: string, what: string, hint = ""): GatewayError {
    const message = `${what} cannot be said in ${this.to}, the dialect of this model.${hint === "" ? "" : ` ${hint}`}`;
    return new GatewayError(Reason.CANNOT_TRANSLATE, message, { param });
  }
}

/**
 * Some dialects say one thing in several ways (`reasoning` and `reasoning_content`). A part remembers under this field of
 * its `extra` how its origin said it, so that it is written back the same; elsewhere there is nothing to lose.
 */
export const spelling = "pontage_spelling";

/** How the origin said a part, and the rest of its own fields. */
export function takeSpelling(extra: JsonObject | undefined): { spelt: string; rest: JsonObject | undefined } {
  const spelt = extra?.[spelling];
  if (extra === undefined || typeof spelt !== "string") return { spelt: "", rest: extra };
  const { [spelling]: _, ...rest } = extra;
  return { spelt, rest: objectIn(rest) };
}
