import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Pontage } from "@pontage/sdk";
import { SystemService } from "@pontage/sdk/gen/pontage/admin/v1/system_pb";
import { QueryClient } from "@tanstack/react-query";
import { adminToken, signOut } from "./session.ts";

/** Sends the token with every call. A token the gateway no longer takes ends the session, which leads to sign-in. */
const authenticate: Interceptor = (next) => async (request) => {
  const token = adminToken();
  // A call that brings its own token is a try to sign in; its failure is not the end of a session.
  if (!token || request.header.has("authorization")) return next(request);
  request.header.set("authorization", `Bearer ${token}`);
  const notice = (thrown: unknown): never => {
    if (ConnectError.from(thrown).code === Code.Unauthenticated && token === adminToken()) signOut();
    throw thrown;
  };
  const response = await next(request).catch(notice);
  // A stream is refused in its first message, not in its head.
  return response.stream ? { ...response, message: noticing(response.message, notice) } : response;
};

async function* noticing<T>(messages: AsyncIterable<T>, notice: (thrown: unknown) => never): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (thrown) {
    notice(thrown);
  }
}

/** How the console speaks to the gateway that served it: the same public API everybody has. */
export const transport = createConnectTransport({
  baseUrl: globalThis.location?.origin ?? "",
  interceptors: [authenticate],
});

/** The SDK on that transport, for what is more than one call. It holds no secret itself. */
export const pontage = new Pontage({ baseUrl: globalThis.location?.origin, transport });

/** What unary queries share. Old data stays visible while new data is fetched. */
export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 10_000, retry: 1, refetchOnWindowFocus: false } },
});

/** How a try to sign in ended. The two failures a person can do something about, and no more detail than that. */
export type SignInResult = "ok" | "refused" | "unreachable";

/** Asks the gateway for something only the admin token opens. */
export async function tryToken(token: string): Promise<SignInResult> {
  try {
    await createClient(SystemService, transport).getStatus({}, { headers: { authorization: `Bearer ${token}` } });
    return "ok";
  } catch (thrown) {
    const { code } = ConnectError.from(thrown);
    return code === Code.Unauthenticated || code === Code.PermissionDenied ? "refused" : "unreachable";
  }
}
