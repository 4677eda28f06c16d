import OpenAI from "openai";
import OpenAI4 from "openai-4";

type Create = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** The versions of OpenAI's client that are in wide use. They share the shape of what is called here. */
export const openaiVersions = [
  {
    name: "openai 7",
    Client: OpenAI,
    streamHelper: (client: OpenAI, params: Create) => client.chat.completions.stream({ ...params, stream: true }),
    requestIdOf: (error: InstanceType<typeof OpenAI.APIError>) => error.requestID,
  },
  {
    name: "openai 4",
    Client: OpenAI4 as unknown as typeof OpenAI,
    streamHelper: (client: OpenAI, params: Create) => {
      const { beta } = client as unknown as { beta: { chat: { completions: OpenAI["chat"]["completions"] } } };
      return beta.chat.completions.stream({ ...params, stream: true });
    },
    requestIdOf: (error: InstanceType<typeof OpenAI.APIError>) =>
      (error as unknown as { request_id: string }).request_id,
  },
] as const;
