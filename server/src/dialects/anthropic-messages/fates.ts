import type { Fates } from "../fate.ts";

export const fates: Fates = {
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
};
