import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { defaultDataDirectory, defaultPort } from "../config/settings.ts";
import { shortPath } from "../store/lock.ts";
import { CommandFailure, type Explanation } from "./failure.ts";

function bearer(secret: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${secret}`);
    return next(request);
  };
}

/** Says of a gateway that does not answer where it was looked for, and of a refused token whose it is not. */
function explaining(place: string, remedy: string, authority?: Explanation): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      const { cause } = error;
      if (cause instanceof Error && "syscall" in cause) {
        throw new CommandFailure(`No gateway answers at ${place}.`, 6, { why: `${cause.message}.`, remedy });
      }
      if (authority && error.code === Code.Unauthenticated) throw new CommandFailure(error.rawMessage, 3, authority);
      throw error;
    }
  };
}

const wrongToken: Explanation = {
  why: "PONTAGE_ADMIN_TOKEN is not the admin token of this gateway.",
  remedy: "Its first start has shown the token, or kept it in the file admin-token in its data directory.",
};

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
      throw new CommandFailure("There is no admin token to show to the gateway.", 3, {
        why: "PONTAGE_URL is set but PONTAGE_ADMIN_TOKEN is not.",
        remedy: "Set both, or neither to use the gateway on this machine.",
      });
    return remote(url || localUrl(), token, wrongToken);
  }
  const directory = defaultDataDirectory(process.env);
  const socketPath = join(directory, "admin.sock");
  const remedy = "Start one with `npx pontage start`, or set PONTAGE_URL and PONTAGE_ADMIN_TOKEN.";
  if (!existsSync(socketPath)) {
    throw new CommandFailure(`No gateway runs on ${shortPath(directory)}.`, 6, {
      why: "There is no admin.sock in it, which a running gateway has.",
      remedy,
    });
  }
  return createConnectTransport({
    baseUrl: "http://localhost",
    httpVersion: "1.1",
    nodeOptions: { socketPath },
    interceptors: [explaining(shortPath(socketPath), remedy)],
  });
}

/** A client of a service that API keys open: with PONTAGE_API_KEY at PONTAGE_URL, or through the local socket. */
export function callerClient<T extends DescService>(service: T): Client<T> {
  const key = process.env.PONTAGE_API_KEY;
  if (!key) return adminClient(service);
  return createClient(service, remote(process.env.PONTAGE_URL || localUrl(), key));
}

function remote(baseUrl: string, secret: string, authority?: Explanation): Transport {
  const remedy = "Is it running there? Start one with `npx pontage start`, or correct PONTAGE_URL.";
  const interceptors = [explaining(baseUrl, remedy, authority), bearer(secret)];
  return createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors });
}

function localUrl(): string {
  return `http://localhost:${process.env.PONTAGE_PORT || defaultPort}`;
}
