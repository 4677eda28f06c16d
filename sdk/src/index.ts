export type { Chat, TokenCount } from "./chat/chat.ts";
export type { ChatMessage, ChatParams, FunctionTool, ResponseFormat } from "./chat/params.ts";
export type {
  Citation,
  MediaPart,
  OpaquePart,
  Part,
  PartInput,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallInput,
  ToolCallPart,
  ToolResultPart,
} from "./chat/part.ts";
export type { AssistantMessage, ChatChoice, ChatResult, Finish } from "./chat/result.ts";
export type { ChatStream, StreamPart } from "./chat/stream.ts";
export type { Cost, TokenUsage, UsageFrom } from "./chat/usage.ts";
export type { Duration } from "./duration.ts";
export type { EmbeddingParams, EmbeddingResult, Embeddings } from "./embeddings.ts";
export {
  Aborted,
  ConnectionFailed,
  GatewayUnavailable,
  InvalidRequest,
  NotFound,
  PermissionDenied,
  PontageError,
  ProviderFailed,
  RateLimited,
  Timeout,
  Unauthenticated,
} from "./error.ts";
export type { IssuedKey, Key, NewKey } from "./keys.ts";
export type { LedgerReport } from "./ledger.ts";
export type { Model } from "./models.ts";
export { formatNanoUsd, Money } from "./money.ts";
export type { CallOptions, HeadersLike, PontageOptions } from "./options.ts";
export type { PagedList } from "./paging.ts";
export { Pontage, type RawClients, type VendorOptions } from "./pontage.ts";
export type { Provider, ProviderTestStep } from "./providers.ts";
export type { RequestNews, RequestSummary, WatchOptions, WatchState } from "./requests.ts";
export type { UsageDimensionName, UsageQuery, UsageRow } from "./usage.ts";
