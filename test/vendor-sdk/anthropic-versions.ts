import Anthropic from "@anthropic-ai/sdk";
import Anthropic0 from "anthropic-sdk-0";

interface Options {
  readonly baseURL: string;
  readonly secret: string;
}

/** Both majors of Anthropic's client, each with the way of presenting its key that is usual with it. */
export const anthropicVersions = [
  {
    name: "@anthropic-ai/sdk 1",
    Client: Anthropic,
    version: "2026-10-21",
    connect: ({ baseURL, secret }: Options) =>
      new Anthropic({ baseURL, authToken: secret, apiKey: null, maxRetries: 0 }),
  },
  {
    name: "@anthropic-ai/sdk 0.137",
    Client: Anthropic0 as unknown as typeof Anthropic,
    version: "2023-06-01",
    connect: ({ baseURL, secret }: Options) =>
      new Anthropic0({ baseURL, apiKey: secret, authToken: null, maxRetries: 0 }) as unknown as Anthropic,
  },
] as const;
