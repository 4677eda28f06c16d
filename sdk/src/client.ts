import type { DescService } from "@bufbuild/protobuf";
import { type Client, type CallOptions as ConnectOptions, createClient, type Transport } from "@connectrpc/connect";

type Open = (input: never, options?: ConnectOptions) => AsyncIterable<unknown>;

/**
 * A generated client whose streams end when the loop over them ends.
 *
 * Connect's own streams go on when `for await` is left by `break` or an exception. Behind a gateway a model would go on
 * generating, and somebody would pay for it.
 */
export function createLeavableClient<T extends DescService>(service: T, transport: Transport): Client<T> {
  const client = createClient(service, transport);
  const methods = client as Record<string, unknown>;
  for (const method of service.methods) {
    if (method.methodKind !== "server_streaming") continue;
    const open = methods[method.localName] as Open;
    methods[method.localName] = (input: never, options?: ConnectOptions) => leavable(open, input, options);
  }
  return client;
}

async function* leavable(open: Open, input: never, options: ConnectOptions = {}): AsyncGenerator<unknown> {
  const leave = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leave.signal]) : leave.signal;
  try {
    yield* open(input, { ...options, signal });
  } finally {
    leave.abort();
  }
}
