import { type Proof, secretsOf } from "./credentials/identity.ts";
import type { ProviderSettings } from "./provider.ts";
import type { AwsKeys } from "./sigv4.ts";

/** Takes an operator's secrets out of words: those of the settings, and what has been fetched of late. */
export function scrubber(
  { credential, awsKeys, identity, headers }: ProviderSettings,
  fetched: () => readonly Proof[],
): (words: string) => string {
  const said = [credential, ...valuesOf(awsKeys), ...secretsOf(identity), ...Object.values(headers ?? {})];
  const secrets = said.filter(isSecret).flatMap(spellings);
  return (words) => {
    const proofs = fetched().flatMap((proof) => (typeof proof === "string" ? [proof] : valuesOf(proof)));
    return [...secrets, ...proofs.filter(isSecret)].reduce(
      (text, secret) => text.replaceAll(secret, "[removed]"),
      words,
    );
  };
}

function valuesOf(keys: AwsKeys | undefined): (string | undefined)[] {
  return [keys?.accessKeyId, keys?.secretAccessKey, keys?.sessionToken];
}

/** Short values are versions and names, which turn up in any sentence. */
function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= 12;
}

/** As it is, and as JSON has it. */
function spellings(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return inJson === secret ? [secret] : [secret, inJson];
}
