import type { JsonObject } from "@bufbuild/protobuf";
import type { EmbeddingReply, EmbeddingRequest } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { GenerateEvent, GenerateReply, GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { GatewayError } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Frame } from "../framing/frame.ts";
import type { ArrivingFraming, Framing } from "../framing/framing.ts";

export type DialectId =
  | "openai-chat"
  | "openai-completions"
  | "openai-responses"
  | "anthropic-messages"
  | "gemini"
  | "bedrock-converse"
  | "cohere-chat"
  | "ollama-chat";

export type Operation = "generate" | "count-tokens" | EmbedOperation;

/** Some dialects have another form for one input: `embed-one`. */
export type EmbedOperation = "embed" | "embed-one";

/** What an operation's requests and whole answers look like, in both directions. */
export interface Codec<Request, Reply> {
  readonly request: {
    /** What the gateway must know of every request, with the types of all known fields checked on the way. */
    head(wire: JsonObject, address?: Address): RequestHead;
    /** Throws a `GatewayError` with `INVALID_ARGUMENT` and the `param` for what cannot be understood. */
    decode(wire: JsonObject, address?: Address): Request;
    encode(request: Request, context: RequestContext): JsonObject;
    /**
     * The top-level fields that change when a request in this dialect goes to an upstream of this dialect, as JSON text.
     * The rest of the bytes stay as they came. `undefined` leaves a field out.
     */
    edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string | undefined>;
  };
  readonly unary: {
    decode(wire: JsonObject): Reply;
    /** `asked` is the head of the client's request, where that decides the form of the answer. */
    encode(reply: Reply, losses: Losses, asked?: RequestHead): JsonObject;
  };
  /** The usage of a whole answer; undefined when it does not say. */
  usage(wire: JsonObject): Usage | undefined;
  /** The top-level field of a whole answer that this is read from. Without it there are several, and all of it is read. */
  readonly usageField?: string;
}

export type EmbeddingCodec = Codec<EmbeddingRequest, EmbeddingReply>;

/**
 * A symmetric codec between one wire format and the canonical model. The same object serves clients at the front door
 * and speaks to upstreams. Pure: no I/O, no clock, no state between calls.
 */
export interface Dialect extends Codec<GenerateRequest, GenerateReply> {
  readonly id: DialectId;
  /** Where clients find it. Empty for a dialect that is spoken to providers only. */
  readonly routes: readonly DialectRoute[];
  /** Where the vendor's clients look for a call's id, if that is neither `x-request-id` nor `request-id`. */
  readonly requestIdHeader?: string;
  readonly stream: {
    /** How frames lie in the bytes of a stream. */
    readonly framing: Framing;
    /** How they lie in the bytes that a host of the dialect sends, where that is another framing. */
    readonly arriving?: ArrivingFraming;
    /**
     * No frame says that it is the last one: an answer is complete when it could be (`Tally.ended`) and the bytes end. What
     * comes after that frame still counts. Without it the answer is over with the frame that ends it.
     */
    readonly endsWithBytes?: boolean;
    decoder(): StreamDecoder;
    encoder(context: StreamContext): StreamEncoder;
    /** The answer's usage and ending, read from raw frames beside the byte path. */
    tally(context: TallyContext): Tally;
    /**
     * Byte sequences of which every frame that matters to the tally holds at least one. Chunks without any of them pass
     * unread. A false match costs a parse and nothing else.
     */
    readonly markers: readonly string[];
  };
  /** Embeddings, in the dialects that have them. */
  readonly embeddings?: Partial<Readonly<Record<EmbedOperation, EmbeddingCodec>>>;
  readonly count: {
    /** A request of the generate operation as the counting operation takes it. */
    request(wire: JsonObject, model: string): JsonObject;
    /** Answer of the token counting operation, where the dialect has one. */
    encode(inputTokens: number): JsonObject;
    decode(wire: JsonObject): number | undefined;
  };
  /** Signed and encrypted thoughts of earlier turns, in dialects whose upstreams look at them. */
  readonly thoughts?: {
    /** What an upstream's refusal says when it is for such a thought, or for want of one: its code and its message. */
    readonly refusal: RegExp;
    /** Whether a request holds another maker's, under the gateway's seal: an upstream of this dialect must not see them. */
    readonly areSealedIn?: (wire: JsonObject) => boolean;
  };
  readonly error: {
    /** An upstream's error answer. `body` is its text, which need not be JSON. `headers` are lower-case. */
    decode(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError;
    encode(error: GatewayError, requestId: string): ErrorAnswer;
    /** The error as the last frame of a stream that has already begun. Never followed by a terminator. */
    frame(error: GatewayError, requestId: string): Frame;
  };
}

/** An error answer for a client. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: JsonObject;
  /** Beside what every answer carries. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DialectRoute {
  readonly method: "POST";
  /** One part may be `{model}`, which stands for one or more characters of any kind. */
  readonly path: string;
  readonly operation: Operation;
  /** The path asks for a stream. Without it the body says. */
  readonly stream?: boolean;
  /** How a stream on this route is framed, where the query decides it. Without it as everywhere in the dialect. */
  readonly framing?: (query: URLSearchParams) => Framing;
  /** Another dialect that some clients send to this path, and how its requests are told apart. */
  readonly alternative?: { readonly dialect: DialectId; readonly is: (wire: JsonObject) => boolean };
}

/** What the path of a request says, in dialects that say it there. */
export interface Address {
  readonly model?: string;
  readonly stream?: boolean;
}

export interface RequestHead {
  readonly model: string;
  readonly stream: boolean;
  /** The client wants to see usage in the stream. True where the dialect always shows it. */
  readonly showUsage: boolean;
  /** The cap on output tokens per answer, if the client set one. */
  readonly maxOutputTokens: number | undefined;
  /** The forms in which the client wants its vectors, where it says. */
  readonly vectorForms?: readonly string[];
  /** The request, in dialects whose answers repeat it. */
  readonly echo?: JsonObject;
}

export interface RequestContext {
  readonly model: string;
  readonly stream: boolean;
  /** Ask the upstream to report usage in its stream. */
  readonly askUsage: boolean;
  /** The upstream reports usage in its stream unasked, and may refuse to be asked. */
  readonly usageUnasked?: boolean | undefined;
  /** The model's own output limit, for dialects that cannot leave it out. */
  readonly outputLimit: number;
  readonly losses: Losses;
  /** Thoughts have been taken out of what the client said in this dialect, so it may lack some that the upstream wants. */
  readonly thinned?: boolean;
  /** Absent for the vendor whose dialect it is. */
  readonly quirks?: Quirks;
}

/**
 * What an upstream wants differently from the vendor whose dialect it speaks. Catalogue data: no dialect ever asks which
 * provider it is for.
 */
export interface Quirks {
  /** Knows `max_tokens` and not its successor `max_completion_tokens`. True of nearly every compatible server. */
  readonly legacyMaxTokens?: boolean;
  /** Knows the role `system` and not `developer`. True of nearly every compatible server. */
  readonly noDeveloperRole?: boolean;
  /** Wants the assistant's earlier thoughts back in `reasoning_content`. */
  readonly takesReasoning?: boolean;
  /** Knows `cache_control` on chat parts and tools. */
  readonly takesCacheMarks?: boolean;
  /** Continues a last assistant turn that says `prefix: true`. */
  readonly takesPrefix?: boolean;
  /** Refuses `user`. */
  readonly noUser?: boolean;
  /** Calls `seed` `random_seed`. */
  readonly randomSeed?: boolean;
  /** Says `output_dimension` where others say `dimensions`. */
  readonly outputDimension?: boolean;
}

export interface RequestChange {
  readonly model: string;
  readonly askUsage: boolean;
  /** The input is only to be counted. */
  readonly counting?: boolean;
  /** The headers the request came with, by lower-case name. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The upstream reports usage in its stream unasked, and may refuse to be asked. */
  readonly usageUnasked?: boolean | undefined;
}

export type Edits = ReadonlyMap<string, string | undefined>;

export interface StreamContext {
  readonly showUsage: boolean;
  /** The request, in dialects whose answers repeat it. */
  readonly echo?: JsonObject | undefined;
  /** What the client called the model; shown where the upstream did not name one. */
  readonly model: string;
  /** An id and a time for upstreams that give none. */
  readonly id: string;
  readonly createTimeSeconds: number;
  readonly losses: Losses;
}

/** Frames in, canonical events out. The last event is `finished` or `failed`; frames after it are ignored. */
export interface StreamDecoder {
  push(frame: Frame): readonly GenerateEvent[];
  /**
   * The bytes are over. Yields `failed` when the dialect's own ending has not been seen, nothing otherwise; in a dialect
   * that ends with its bytes, the last events up to `finished`.
   */
  end(): readonly GenerateEvent[];
}

/** Canonical events in, frames out. `failed` becomes the dialect's error frame, without a terminator. */
export interface StreamEncoder {
  push(event: GenerateEvent): readonly Frame[];
}

export interface TallyContext {
  /** Hide the frame that exists only because the gateway asked for usage. */
  readonly hideUsage: boolean;
}

export interface Tally {
  /** Reads one frame; `hide` means the client must not see it, and a frame is shown in its place. */
  read(frame: Frame): "show" | "hide" | Frame;
  /**
   * Frames read so far that say that an answer will come and nothing of it: a failure right after them is one from the
   * start. Absent in dialects that have none.
   */
  readonly openings?: number;
  /** The usage reported so far. */
  readonly usage: Usage | undefined;
  /** The terminal frame has been read; or a frame that may be the last, in a dialect that ends with its bytes. */
  readonly ended: boolean;
  /** The upstream reported a failure in its stream. */
  readonly failure: GatewayError | undefined;
  /** The last frames of a stream that breaks off, where they repeat what has passed. Without it `error.frame`. */
  failing?(error: GatewayError, framesBefore: number): readonly Frame[];
}
