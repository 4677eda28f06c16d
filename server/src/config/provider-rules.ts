import { catalogue, type ProviderType } from "../providers/catalogue.ts";

/** Something wrong with a field of `providers`, and where. */
export interface ProviderProblem {
  readonly path: readonly string[];
  readonly message: string;
}

const awsFields = ["region", "access_key_id", "secret_access_key", "session_token"] as const;

/** What the schema cannot say: which fields go together, and with which types. */
export function providerProblems(value: unknown): ProviderProblem[] {
  const problems: ProviderProblem[] = [];
  for (const [name, provider] of Object.entries(objectIn(objectIn(value).providers))) {
    const fields = objectIn(provider);
    const say = (field: string, message: string) => problems.push({ path: ["providers", name, field], message });
    const type = typeof fields.type === "string" && Object.hasOwn(catalogue, fields.type) ? fields.type : undefined;
    if (type === undefined) continue;
    const entry: ProviderType = catalogue[type as keyof typeof catalogue];
    if (!entry.sign) {
      for (const field of awsFields) if (field in fields) say(field, `a provider of type ${type} has none.`);
      continue;
    }
    const hasId = "access_key_id" in fields;
    if (hasId && "api_key" in fields)
      say("api_key", "cannot stand beside `access_key_id`: one of them is the credential.");
    if (hasId !== "secret_access_key" in fields) {
      const [there, missing] = hasId ? ["access_key_id", "secret_access_key"] : ["secret_access_key", "access_key_id"];
      say(there!, `\`${missing}\` is missing: the two go together.`);
    }
    if (!hasId && "session_token" in fields) say("session_token", "`access_key_id` is missing: the two go together.");
  }
  return problems;
}

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
