import type { ProviderSettings } from "./provider.ts";

type Placed = Pick<ProviderSettings, "name" | "type" | "region" | "project" | "location" | "apiVersion">;

/** What templates of the catalogue may name of an instance, with the variable that says it where the file does not. */
const places = {
  region: { setting: "region", variable: "AWS_REGION" },
  project: { setting: "project", variable: "GOOGLE_CLOUD_PROJECT" },
  location: { setting: "location", variable: "GOOGLE_CLOUD_LOCATION" },
  api_version: { setting: "apiVersion", variable: "OPENAI_API_VERSION" },
} as const;

/** A template with what the instance says in its places. `{model}` stays. */
export function filled(template: string, settings: Placed): string {
  return template.replace(/\{(region|project|location|api_version)\}/g, (_, place: keyof typeof places) => {
    const value = settings[places[place].setting];
    if (value) return value;
    throw missingPlace(settings, place);
  });
}

export function missingPlace({ name, type }: Placed, place: keyof typeof places): Error {
  return new Error(`Provider ${name} (${type}) needs a ${place}: set \`${place}\` or ${places[place].variable}.`);
}
