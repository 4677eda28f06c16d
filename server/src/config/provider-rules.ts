import { catalogue, type IdentityKind, type ProviderType } from "../providers/catalogue.ts";
import { identities } from "./identities.ts";

/** Something wrong with a field of `providers`, and where. */
export interface ProviderProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** What the schema cannot say: which fields go together, and with which types. */
export function providerProblems(value: unknown): ProviderProblem[] {
  const problems: ProviderProblem[] = [];
  for (const [name, provider] of Object.entries(objectIn(objectIn(value).providers))) {
    const fields = objectIn(provider);
    const say = (field: string, message: string) => problems.push({ path: ["providers", name, field], message });
    const type = typeof fields.type === "string" && Object.hasOwn(catalogue, fields.type) ? fields.type : undefined;
    if (type === undefined) continue;
    const entry: ProviderType = catalogue[type as keyof typeof catalogue];
    const own: readonly string[] = entry.identity ? identities[entry.identity].fields : [];
    for (const field of identityFields) {
      if (field in fields && !own.includes(field)) say(field, `a provider of type ${type} has none.`);
    }
    for (const rule of entry.identity ? rules[entry.identity] : []) rule(fields, say);
  }
  return problems;
}

const identityFields = Object.values(identities).flatMap(({ fields }) => fields);

type Rule = (fields: Record<string, unknown>, say: (field: string, message: string) => void) => void;

/** `field` says nothing without the other. */
const needs =
  (field: string, other: string): Rule =>
  (fields, say) => {
    if (field in fields && !(other in fields)) say(field, `\`${other}\` is missing: the two go together.`);
  };

/** Of these fields, each the beginning of another credential, there is one. */
const oneOf =
  (...names: string[]): Rule =>
  (fields, say) => {
    const [first, second] = names.filter((name) => name in fields && fields[name] !== false);
    if (second !== undefined) say(second, `cannot stand beside \`${first}\`: one of them is the credential.`);
  };

const rules: Readonly<Record<IdentityKind, readonly Rule[]>> = {
  aws: [
    oneOf("access_key_id", "api_key", "profile", "credential_search"),
    needs("access_key_id", "secret_access_key"),
    needs("secret_access_key", "access_key_id"),
    needs("session_token", "access_key_id"),
  ],
  entra: [oneOf("api_key", "client_secret", "managed_identity"), needs("client_secret", "client_id")],
  google: [
    (fields, say) => {
      if ("api_key" in fields) say("api_key", "Vertex AI takes none: set `credentials_file`, or use the type gemini.");
    },
  ],
};

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
