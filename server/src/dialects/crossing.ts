import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateRequest, Opaque, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { DialectId } from "./dialect.ts";
import { fatesOf, hintsOf, namesOf } from "./fates.ts";
import { isOwn } from "./maker.ts";
import { opaqueIn, opaqueType } from "./opaque.ts";
import { objectIn } from "./wire.ts";

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
    this.#losses.lose(this.#asSaid(path));
  }

  /** The field as its origin names it. */
  #asSaid(path: string): string {
    const names = namesOf[this.from];
    if (names === undefined) return path;
    for (const word in names) {
      if (path === word) return names[word]!;
      if (path.startsWith(`${word}.`)) return `${names[word]}${path.slice(word.length)}`;
    }
    return path;
  }

  /** The fields to write beside the known ones: the target's own as they came, others lost and reported. */
  extra(extra: JsonObject | undefined, path: string): JsonObject | undefined {
    if (extra === undefined || this.same) return extra;
    for (const [field, value] of Object.entries(extra)) {
      if (!field.startsWith(ownPrefix) && !isEmpty(value)) this.lose(path === "" ? field : `${path}.${field}`);
    }
    return undefined;
  }

  /** The same for the top of a request, where the loss of some fields would change the call's meaning. */
  requestExtra(extra: JsonObject | undefined): JsonObject | undefined {
    if (extra === undefined || this.same) return extra;
    for (const [field, value] of Object.entries(extra)) this.#meetFate(field, value);
    return undefined;
  }

  #meetFate(path: string, value: JsonValue): void {
    if (path.slice(path.lastIndexOf(".") + 1).startsWith(ownPrefix)) return;
    const known = fatesOf[this.from];
    const entry = known !== undefined && Object.hasOwn(known, path) ? known[path] : "lose";
    const fate = typeof entry === "function" ? entry(value) : entry;
    if (fate === "refuse") throw this.cannot(path, `\`${path}\``, this.#hint(path));
    if (fate === "lose inside") {
      for (const [field, inner] of Object.entries(objectIn(value) ?? {})) this.#meetFate(`${path}.${field}`, inner);
    } else if (fate === "lose") this.lose(path);
  }

  #hint(of: string): string | undefined {
    const hints = hintsOf[this.from];
    return hints !== undefined && Object.hasOwn(hints, of) ? hints[of] : undefined;
  }

  /** The error for a piece that only its origin understands. */
  cannotCarry(param: string, opaque: Opaque): GatewayError {
    const type = opaqueType(opaque);
    return this.cannot(
      param,
      type === undefined ? "This content" : `Content of type \`${type}\``,
      this.#hint(type ?? ""),
    );
  }

  /** Whether the target accepts what this maker has signed. */
  owns(origin: string): boolean {
    return isOwn(origin, this.to);
  }

  /** Whether what is signed or encrypted in the part is another maker's. Where nobody said, it came with the dialect. */
  isForeign({ origin }: Part): boolean {
    return origin !== undefined && !this.owns(origin);
  }

  /**
   * A tool that its provider runs, in the target's own form. Where the target has no such tool it is left out of a list that
   * has others, because coding clients offer several in every request. Who offers nothing else came for it.
   */
  providerTool({ tools }: GenerateRequest, index: number, opaque: Opaque): JsonObject[] {
    const own = opaqueIn(opaque, this.to);
    if (own !== undefined) return [own];
    const path = `tools[${index}]`;
    if (tools.every((tool) => tool.opaque)) {
      throw this.cannot(path, `A tool of type \`${opaqueType(opaque) ?? "unknown"}\``);
    }
    this.lose(path);
    return [];
  }

  /**
   * The part without a signature and encrypted thoughts of another maker's: nobody else accepts them. Undefined where nothing
   * is left to say.
   */
  withoutForeignSignature(part: Part, path: string): Part | undefined {
    if (!this.isForeign(part)) return part;
    if (part.kind.case !== "reasoning") {
      if (part.signature === undefined) return part;
      this.lose(`${path}.signature`);
      // Some sign at the end of their words, in a part that has none.
      if (part.kind.case === "text" && part.kind.value.text === "") return undefined;
      const { signature: _, ...rest } = part;
      return rest;
    }
    const { text, signature, redacted } = part.kind.value;
    if (signature === "" && redacted === "") return part;
    if (redacted !== "") this.lose(`${path}.encrypted_content`);
    if (signature !== "") this.lose(`${path}.signature`);
    if (text === "") return undefined;
    return { ...part, kind: { case: "reasoning", value: { ...part.kind.value, signature: "", redacted: "" } } };
  }

  /** The error for something whose loss would change the call's meaning. */
  cannot(param: string, what: string, hint = ""): GatewayError {
    const message = `${what} cannot be said in ${this.to}, the dialect of this model.${hint === "" ? "" : ` ${hint}`}`;
    return new GatewayError(Reason.CANNOT_TRANSLATE, message, { param: this.#asSaid(param) });
  }
}

/** An empty list or object says nothing. */
function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/**
 * Some dialects say one thing in several ways (`reasoning` and `reasoning_content`). A part remembers under this field of
 * its `extra` how its origin said it, so that it is written back the same; elsewhere there is nothing to lose.
 */
export const spelling = "pontage_spelling";

/** Fields of this kind in an `extra` say how the origin said a thing, and are no loss anywhere. */
const ownPrefix = "pontage_";

/** How the origin said a part, and the rest of its own fields. */
export function takeSpelling(extra: JsonObject | undefined): { spelt: string; rest: JsonObject | undefined } {
  const spelt = extra?.[spelling];
  if (extra === undefined || typeof spelt !== "string") return { spelt: "", rest: extra };
  const { [spelling]: _, ...rest } = extra;
  return { spelt, rest: objectIn(rest) };
}
