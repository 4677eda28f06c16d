import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  type Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { type Error as ErrorMessage, ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";

/*
 * A client of ChatService made of grpc-js and the descriptors alone, as somebody with another language's stubs would have it:
 * nothing of Connect is in it.
 */

type Unary<I extends DescMessage, O extends DescMessage> = {
  readonly call: ClientUnaryCall;
  readonly response: Promise<MessageShape<O>>;
  readonly asked: MessageInitShape<I>;
  /** The headers of the answer. */
  readonly headers: Promise<Metadata>;
};

export class GrpcChatClient {
  readonly #client: Client;

  constructor(address: string, credentials: ChannelCredentials) {
    this.#client = new Client(address, credentials);
  }

  chat(request: MessageInitShape<typeof ChatService.method.chat.input>, metadata: Metadata, options: CallOptions = {}) {
    return this.#unary(ChatService.method.chat, request, metadata, options);
  }

  countTokens(request: MessageInitShape<typeof ChatService.method.countTokens.input>, metadata: Metadata) {
    return this.#unary(ChatService.method.countTokens, request, metadata, {});
  }

  streamChat(
    request: MessageInitShape<typeof ChatService.method.streamChat.input>,
    metadata: Metadata,
    options: CallOptions = {},
  ): ClientReadableStream<MessageShape<typeof ChatService.method.streamChat.output>> {
    const method = ChatService.method.streamChat;
    return this.#client.makeServerStreamRequest(
      pathOf(method),
      (value: MessageShape<typeof method.input>) => Buffer.from(toBinary(method.input, value)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadata,
      options,
    );
  }

  #unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    request: MessageInitShape<I>,
    metadata: Metadata,
    options: CallOptions,
  ): Unary<I, O> {
    const { promise: response, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    const call = this.#client.makeUnaryRequest(
      pathOf(method),
      (value: MessageShape<I>) => Buffer.from(toBinary(method.input, value)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadata,
      options,
      (error, value) => (error ? reject(error) : resolve(value!)),
    );
    const headers = new Promise<Metadata>((resolve) => call.once("metadata", resolve));
    return { call, response, headers, asked: request };
  }

  close(): void {
    this.#client.close();
  }
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** What the error's details say, read from `google.rpc.Status` by hand. */
export function errorDetail(error: ServiceError): ErrorMessage | undefined {
  const [status] = error.metadata.get("grpc-status-details-bin");
  if (!(status instanceof Buffer)) return undefined;
  for (const any of fieldsOf(status).get(3) ?? []) {
    const [url] = fieldsOf(any).get(1) ?? [];
    const [value] = fieldsOf(any).get(2) ?? [];
    if (url?.toString().endsWith(`/${ErrorSchema.typeName}`) && value) return fromBinary(ErrorSchema, value);
  }
  return undefined;
}

/** The length-delimited fields of a message, by number. */
function fieldsOf(message: Uint8Array): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 2) fields.set(number, [...(fields.get(number) ?? []), Buffer.from(reader.bytes())]);
    else reader.skip(type);
  }
  return fields;
}
