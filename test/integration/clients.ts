import http2 from "node:http2";
import net from "node:net";
import { credentials, Metadata } from "@grpc/grpc-js";
import { Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { TestGateway } from "../gateway/gateway.ts";
import { GrpcChatClient } from "../vendor-sdk/grpc-client.ts";
import { type Door, rawCall } from "./doors.ts";

/** A call under way that can be left at any moment. */
export interface RunningCall {
  /** Characters of the answer seen so far, its head included. */
  readonly seen: () => number;
  leave(): void;
}

/** A way of speaking to the gateway, and of leaving it. */
export interface Transport {
  readonly name: string;
  begin(door: Door, model: string, stream: boolean, options?: { readonly paused?: boolean }): RunningCall;
  close(): void;
}

export function transportsTo(gateway: TestGateway): readonly Transport[] {
  return [
    http1(gateway, "HTTP/1.1, connection closed", (socket) => socket.destroy()),
    http1(gateway, "HTTP/1.1, connection reset", (socket) => socket.resetAndDestroy()),
    http1(gateway, "HTTP/1.1, half closed", (socket) => socket.end()), // S9
    overHttp2(gateway),
    grpc(gateway),
  ];
}

export const transportNames = [
  "HTTP/1.1, connection closed",
  "HTTP/1.1, connection reset",
  "HTTP/1.1, half closed",
  "HTTP/2, stream reset",
  "gRPC, cancelled",
] as const;

function http1(gateway: TestGateway, name: string, leave: (socket: net.Socket) => void): Transport {
  return {
    name,
    begin(door, model, stream) {
      const socket = net.connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true });
      let seen = 0;
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => {
        seen += chunk.length;
      });
      socket.write(rawCall(gateway, door, model, stream));
      return { seen: () => seen, leave: () => leave(socket) };
    },
    close() {},
  };
}

function overHttp2(gateway: TestGateway): Transport {
  let session: http2.ClientHttp2Session | undefined;
  return {
    name: "HTTP/2, stream reset",
    begin(door, model, stream) {
      if (!session || session.destroyed) session = http2.connect(gateway.baseUrl);
      const request = session.request({
        ...{ ":method": "POST", ":path": door.path, "content-type": "application/json" },
        authorization: `Bearer ${gateway.apiKey}`,
      });
      let seen = 0;
      request.on("error", () => {});
      request.on("response", () => {
        seen += 1;
      });
      request.on("data", (chunk: Buffer) => {
        seen += chunk.length;
      });
      request.end(JSON.stringify(door.body(model, stream)));
      return { seen: () => seen, leave: () => request.close(http2.constants.NGHTTP2_CANCEL) };
    },
    close: () => session?.close(),
  };
}

function grpc(gateway: TestGateway): Transport {
  let client: GrpcChatClient | undefined;
  return {
    name: "gRPC, cancelled",
    begin(_, model, stream, { paused = false } = {}) {
      client ??= new GrpcChatClient(`127.0.0.1:${gateway.port}`, credentials.createInsecure());
      const metadata = new Metadata();
      metadata.set("x-api-key", gateway.apiKey);
      const hello = { kind: { case: "text" as const, value: { text: "Hello" } } };
      const request = { request: { model, messages: [{ role: Role.USER, parts: [hello] }] } };
      let seen = 0;
      if (!stream) {
        const { call, response } = client.chat(request, metadata);
        response.then(
          () => {
            seen += 1;
          },
          () => {},
        );
        return { seen: () => seen, leave: () => call.cancel() };
      }
      const call = client.streamChat(request, metadata);
      call.on("error", () => {});
      // The library reads on into its own memory until the first message has been taken, so one is.
      if (paused) call.once("data", () => call.pause());
      else call.on("data", () => (seen += 1));
      return { seen: () => seen, leave: () => call.cancel() };
    },
    close: () => client?.close(),
  };
}
