import { type ConnectRouter, createContextValues } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createValidateInterceptor } from "@connectrpc/validate";
import type { Log } from "../telemetry/log.ts";
import { adminGate, localSocket } from "./access.ts";
import { maxBodyBytes } from "./body.ts";
import type { HttpHandler } from "./listener.ts";
import { cutOff, cutter } from "./reader-watch.ts";
import { errorInterceptor } from "./rpc-errors.ts";

export interface RpcOptions {
  readonly routes: (router: ConnectRouter) => void;
  /** SHA-256 of the admin token, hex. */
  readonly adminTokenHash: string;
  /** These requests come in through the local admin socket. */
  readonly local: boolean;
  readonly log: Log;
}

/** Mounts the RPC services: Connect, gRPC and gRPC-Web on the same paths. */
export function rpcHandler(options: RpcOptions): HttpHandler {
  return connectNodeAdapter({
    routes: options.routes,
    interceptors: [errorInterceptor(options.log), createValidateInterceptor()],
    requestGate: adminGate(options.adminTokenHash),
    contextValues: (request) => createContextValues().set(localSocket, options.local).set(cutOff, cutter(request)),
    readMaxBytes: maxBodyBytes,
  }) as HttpHandler;
}
