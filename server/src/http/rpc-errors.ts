import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { errorMessage, type GatewayError } from "../canonical/error.ts";
import type { Log } from "../telemetry/log.ts";
import { errorHeaders } from "./answer-headers.ts";
import { asGatewayError } from "./wire-door.ts";

/** HTTP statuses and the Connect codes that stand for them. https://connectrpc.com/docs/protocol#error-codes */
const codes: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  408: Code.DeadlineExceeded,
  409: Code.FailedPrecondition,
  413: Code.ResourceExhausted,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  499: Code.Canceled,
  500: Code.Internal,
  502: Code.Unavailable,
  503: Code.Unavailable,
  504: Code.DeadlineExceeded,
  529: Code.Unavailable,
};

/** An error as an RPC carries it: a code, the words, and a `pontage.error.v1.Error` for programs. */
export function toConnectError(error: GatewayError, requestId: string): ConnectError {
  const detail = { ...errorMessage(error), requestId };
  const metadata = new Headers();
  const headers = errorHeaders(error, undefined);
  for (let i = 0; i < headers.length; i += 2) metadata.set(headers[i]!, headers[i + 1]!);
  if (requestId) metadata.set("x-request-id", requestId);
  return new ConnectError(
    error.message,
    codes[error.status] ?? (error.status >= 500 ? Code.Unavailable : Code.InvalidArgument),
    metadata,
    [{ desc: ErrorSchema, value: detail }],
  );
}

/** Turns what handlers throw, at once or in the middle of a stream, into errors an RPC can carry. Connect's own pass. */
export function errorInterceptor(log: Log): Interceptor {
  const told = (cause: unknown) =>
    cause instanceof ConnectError ? cause : toConnectError(asGatewayError(cause, "", log), "");
  async function* telling<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* messages;
    } catch (cause) {
      throw told(cause);
    }
  }
  return (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: telling(response.message) } : response;
    } catch (cause) {
      throw told(cause);
    }
  };
}
