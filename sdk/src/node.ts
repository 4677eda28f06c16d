import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { fromEnvironment, normalizeBaseUrl } from "./options.ts";

/** How Node should carry the calls. */
export interface NodeTransportOptions {
  /** `grpc` and `connect` over HTTP/2, which needs no TLS when the gateway is reached by `http://`. */
  protocol: "grpc" | "connect";
  /** Where the gateway is. `PONTAGE_URL`, or `http://localhost:7668`, when left out. Give the client the same. */
  baseUrl?: string | undefined;
}

/**
 * Carries calls over Node's own HTTP/2 instead of `fetch`: one connection for all calls, and no limit of five minutes
 * until an answer begins. Needs the package `@connectrpc/connect-node` beside this one.
 */
export function nodeTransport(options: NodeTransportOptions): Transport {
  const baseUrl = normalizeBaseUrl(options.baseUrl ?? fromEnvironment("PONTAGE_URL") ?? "http://localhost:7668");
  switch (options.protocol) {
    case "grpc":
      return createGrpcTransport({ baseUrl });
    case "connect":
      return createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true });
    default:
      throw new TypeError(`The protocol is "grpc" or "connect", not ${JSON.stringify(options.protocol)}.`);
  }
}
