import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { defaultDataDirectory, defaultPort } from "../config/settings.ts";
import { shortPath } from "../store/lock.ts";
import { CommandFailure } from "./failure.ts";

function bearer(secret: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${secret}`);
    return next(request);
  };
}

/**
 * A client of an admin service: of the gateway at PONTAGE_URL with PONTAGE_ADMIN_TOKEN, or else of the one running here,
 * through its socket, which only its owner can open. The command line never opens the database itself.
 */
export function adminClient<T extends DescService>(service: T): Client<T> {
  return createClient(service, adminTransport());
}

function adminTransport(): Transport {
  const { PONTAGE_URL: url, PONTAGE_ADMIN_TOKEN: token } = process.env;
  if (url || token) {
    if (!token)
      throw new CommandFailure(
        "PONTAGE_URL is set but PONTAGE_ADMIN_TOKEN is not. Set both, or neither to use the gateway on this machine.",
        3,
      );
    return createConnectTransport({ baseUrl: url ?? localUrl(), httpVersion: "1.1", interceptors: [bearer(token)] });
  }
  const directory = defaultDataDirectory(process.env);
  const socketPath = join(directory, "admin.sock");
  if (!existsSync(socketPath)) {
    throw new CommandFailure(
      `No gateway runs on ${shortPath(directory)}. Start one with \`pontage start\`, or set PONTAGE_URL and PONTAGE_ADMIN_TOKEN.`,
      6,
    );
  }
  return createConnectTransport({ baseUrl: "http://localhost", httpVersion: "1.1", nodeOptions: { socketPath } });
}

/** A client of a service that API keys open: with PONTAGE_API_KEY at PONTAGE_URL, or through the local socket. */
export function callerClient<T extends DescService>(service: T): Client<T> {
  const key = process.env.PONTAGE_API_KEY;
  if (!key) return adminClient(service);
  const baseUrl = process.env.PONTAGE_URL ?? localUrl();
  return createClient(service, createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors: [bearer(key)] }));
}

function localUrl(): string {
  return `http://localhost:${process.env.PONTAGE_PORT || defaultPort}`;
}
