import { hosted } from "../hosted.ts";
import { anthropicMessages } from "./index.ts";

/**
 * Messages on Google Vertex AI: the path names the model, except when tokens are counted, and the version is in the body.
 * https://docs.anthropic.com/en/api/claude-on-vertex-ai
 */
export const messagesOnVertex = hosted(anthropicMessages, {
  fields: (_, { counting }) => ({
    anthropic_version: "vertex-2023-10-16",
    ...(counting ? {} : { model: undefined }),
  }),
});
