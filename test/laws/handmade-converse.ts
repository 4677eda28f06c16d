import type { JsonObject } from "@bufbuild/protobuf";
import type { DialectId } from "../../server/src/dialects/dialect.ts";

interface Handmade {
  readonly dialect: DialectId;
  readonly name: string;
  /** It names the model. */
  readonly path: string;
  readonly request: JsonObject;
}

/** Requests of Converse written by hand from AWS's model of the service, for what no recording shows. */
export const handmadeConverse: readonly Handmade[] = [
  {
    dialect: "bedrock-converse",
    name: "everything at once",
    path: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
    request: {
      system: [
        { text: "Be brief." },
        { cachePoint: { type: "default", ttl: "1h" } },
        { guardContent: { text: { text: "Stay polite.", qualifiers: ["guard_content"] } } },
      ],
      messages: [
        {
          role: "user",
          content: [
            { text: "What is this?" },
            { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } },
            { image: { format: "jpeg", source: { s3Location: { uri: "s3://bucket/a.jpg" } } } },
            {
              document: {
                format: "pdf",
                name: "a (1)",
                source: { bytes: "JVBERi0=" },
                context: "c",
                citations: { enabled: true },
              },
            },
            { document: { format: "md", name: "b", source: { text: "# ü" } } },
            { document: { name: "c", source: { content: [{ text: "x" }] } } },
            { video: { format: "mp4", source: { bytes: "AAAA" } } },
            { audio: { format: "wav", source: { bytes: "UklGRg==" } } },
            { searchResult: { source: "s", title: "t", content: [{ text: "x" }], citations: { enabled: true } } },
            { guardContent: { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } } },
            { cachePoint: { type: "default" } },
            { cachePoint: { type: "brand_new" } },
            { newBlock: { anything: [1, { deep: true }] } },
          ],
        },
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
            { reasoningContent: { redactedContent: "RXRrRQ==" } },
            { reasoningContent: { redactedContent: "/////w==" } },
            { text: "Let me look." },
            { citationsContent: { content: [{ text: "A " }, { text: "cat." }], citations: [{ title: "b" }] } },
            { toolUse: { toolUseId: "tooluse_1", name: "look", input: { at: 1 } } },
            { toolUse: { toolUseId: "tooluse_2", name: "look", input: {}, type: "tool_use" } },
            { toolUse: { toolUseId: "srv_1", name: "nova_grounding", input: {}, type: "server_tool_use" } },
            { toolResult: { toolUseId: "srv_1", content: [], type: "nova_grounding_result" } },
          ],
        },
        {
          role: "user",
          content: [
            {
              toolResult: {
                toolUseId: "tooluse_1",
                status: "error",
                content: [{ text: "No." }, { json: { why: [1, null] } }, { video: { format: "mp4", source: {} } }],
              },
            },
            {
              toolResult: {
                toolUseId: "tooluse_2",
                status: "success",
                content: [
                  { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } },
                  { document: { format: "txt", name: "d", source: { bytes: "eA==" } } },
                ],
              },
            },
            { text: "And?" },
          ],
          unknownField: 1,
        },
        { role: "system", content: [{ text: "Now in French." }] },
        { role: "user", content: [{ text: "Go on" }] },
      ],
      inferenceConfig: { maxTokens: 4000, temperature: 0.3, topP: 0.9, stopSequences: ["END"], more: 1 },
      toolConfig: {
        tools: [
          { toolSpec: { name: "look", description: "Looks", inputSchema: { json: { type: "object" } }, strict: true } },
          { cachePoint: { type: "default", ttl: "5m" } },
          { systemTool: { name: "nova_grounding" } },
        ],
        toolChoice: { any: {} },
      },
      additionalModelRequestFields: {
        top_k: 40,
        reasoning_config: { type: "enabled", budget_tokens: 1024, display: "omitted" },
        anthropic_beta: ["x"],
      },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1", streamProcessingMode: "sync" },
      promptVariables: { topic: { text: "cats" } },
      requestMetadata: { team: "a" },
      performanceConfig: { latency: "optimized" },
      serviceTier: { type: "flex" },
      outputConfig: {
        effort: "low",
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { schema: '{ "type": "object" }', name: "a", description: "b" } },
        },
      },
      brandNew: { a: [null, 1] },
    },
  },
  {
    dialect: "bedrock-converse",
    name: "results and marks",
    path: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
    request: {
      system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }],
      messages: [
        { role: "user", content: [{ text: "Look" }] },
        {
          role: "assistant",
          content: [
            { text: "One moment." },
            { toolUse: { toolUseId: "tooluse_1", name: "look", input: {} } },
            { toolUse: { toolUseId: "tooluse_2", name: "look", input: { at: [1] } } },
          ],
        },
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "tooluse_1", status: "error", content: [{ text: "No." }] } },
            {
              toolResult: {
                toolUseId: "tooluse_2",
                content: [{ json: { seen: "a cat" } }, { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } }],
              },
            },
            { guardContent: { text: { text: "And?", qualifiers: ["query"] } } },
            { cachePoint: { type: "default", ttl: "1h" } },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 4000 },
      toolConfig: {
        tools: [
          { toolSpec: { name: "look", inputSchema: { json: { type: "object" } } } },
          { cachePoint: { type: "default" } },
        ],
        toolChoice: { tool: { name: "look" } },
      },
      additionalModelRequestFields: { thinking: { type: "adaptive" } },
      outputConfig: { effort: "high" },
      requestMetadata: { team: "a" },
    },
  },
];
