import type { Fates, Names } from "../fate.ts";

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
  "thinking.display": "lose",
  output_config: "lose inside",
  service_tier: "lose",
  // What the vendor looks into, and who is asked for: nothing of the answer.
  diagnostics: "lose",
  user_profile_id: "lose",
  workspace_id: "lose",
  speed: "lose",
};

export const names: Names = {
  user: "metadata.user_id",
  stop: "stop_sequences",
  "response_format.json_schema": "output_config.format",
  response_format: "output_config.format",
  reasoning_effort: "thinking",
  parallel_tool_calls: "tool_choice.disable_parallel_tool_use",
};
