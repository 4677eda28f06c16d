import type { JsonObject } from "@bufbuild/protobuf";
import { booleanIn, countIn, listIn, objectIn, stringIn } from "../dialects/wire.ts";

/** What a provider's list says of a model beside its name. What it does not say is absent: unknown is not no. */
export interface ModelFacts {
  /** Tokens of its context, or of its input where the provider has a limit of its own for that. */
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  /** `text`, `image`, `audio`, `video`, `file`. */
  readonly inputModalities?: readonly string[];
  readonly outputModalities?: readonly string[];
  readonly tools?: boolean;
  readonly reasoning?: boolean;
  readonly structuredOutput?: boolean;
}

/** Reads an entry of a provider's list, by the words that the vendors have for the one thing. */
export function factsIn(model: JsonObject): ModelFacts {
  const facts = {
    contextTokens: first(model, [
      "context_length", // OpenRouter, Together, Cohere
      "max_context_length", // Mistral
      "inputTokenLimit", // Gemini
      "max_input_tokens", // Anthropic
      "context_window", // Groq
      "max_model_len", // vLLM
    ]),
    maxOutputTokens:
      first(model, ["outputTokenLimit", "max_completion_tokens"]) ??
      first(objectIn(model.top_provider) ?? {}, ["max_completion_tokens"]) ??
      // Elsewhere the word may mean the context.
      (model.type === "model" ? first(model, ["max_tokens"]) : undefined),
    ...modalitiesIn(model),
    ...abilitiesIn(model),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The first of these fields that holds a count. None has the size 0. */
function first(wire: JsonObject, fields: readonly string[]): number | undefined {
  return fields.map((field) => countIn(wire[field])).find((count) => count !== undefined && count > 0);
}

function modalitiesIn(model: JsonObject): Pick<ModelFacts, "inputModalities" | "outputModalities"> {
  const capabilities = objectIn(model.capabilities);
  const architecture = objectIn(model.architecture); // OpenRouter
  const inputModalities =
    words(architecture?.input_modalities) ??
    words(model.inputModalities) ?? // Bedrock
    // Anthropic and Mistral say of each kind whether it is taken. Text goes without saying.
    taken({
      image: supported(capabilities?.image_input) ?? booleanIn(capabilities?.vision),
      audio: booleanIn(capabilities?.audio),
      file: supported(capabilities?.pdf_input),
    });
  const outputModalities = words(architecture?.output_modalities) ?? words(model.outputModalities);
  return { ...(inputModalities && { inputModalities }), ...(outputModalities && { outputModalities }) };
}

function abilitiesIn(model: JsonObject): Pick<ModelFacts, "tools" | "reasoning" | "structuredOutput"> {
  const parameters = words(model.supported_parameters); // OpenRouter
  const capabilities = objectIn(model.capabilities);
  const tools = parameters?.includes("tools") ?? booleanIn(capabilities?.function_calling);
  const reasoning =
    parameters?.includes("reasoning") ??
    booleanIn(model.thinking) ?? // Gemini
    supported(capabilities?.thinking) ??
    booleanIn(capabilities?.reasoning);
  const structuredOutput = parameters?.includes("structured_outputs") ?? supported(capabilities?.structured_outputs);
  return {
    ...(tools !== undefined && { tools }),
    ...(reasoning !== undefined && { reasoning }),
    ...(structuredOutput !== undefined && { structuredOutput }),
  };
}

/** Anthropic's form of yes and no. */
function supported(value: unknown): boolean | undefined {
  return booleanIn(objectIn(value)?.supported);
}

function taken(kinds: Readonly<Record<string, boolean | undefined>>): string[] | undefined {
  const said = Object.entries(kinds).filter(([, yes]) => yes !== undefined);
  return said.length === 0 ? undefined : ["text", ...said.flatMap(([kind, yes]) => (yes ? [kind] : []))];
}

function words(value: unknown): string[] | undefined {
  const list = listIn(value)?.flatMap((word) => stringIn(word)?.toLowerCase() ?? []);
  return list === undefined || list.length === 0 ? undefined : list;
}
