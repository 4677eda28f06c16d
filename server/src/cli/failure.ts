import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ConfigError } from "../config/load.ts";

/** What went wrong, why, and what to do about it: a line each. */
export interface Explanation {
  readonly why?: string | undefined;
  readonly remedy?: string | undefined;
}

/** Something the command line itself has to say, with the exit code it ends in. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  readonly explanation: Explanation;

  constructor(what: string, exitCode: number, explanation: Explanation = {}) {
    super(what);
    this.exitCode = exitCode;
    this.explanation = explanation;
  }
}

const exitCodes: Partial<Record<Code, number>> = {
  [Code.Unauthenticated]: 3,
  [Code.PermissionDenied]: 3,
  [Code.NotFound]: 4,
  [Code.InvalidArgument]: 5,
  [Code.FailedPrecondition]: 5,
  [Code.AlreadyExists]: 5,
  [Code.ResourceExhausted]: 6,
  [Code.Unavailable]: 6,
  [Code.DeadlineExceeded]: 6,
  [Code.Internal]: 6,
};

/** What to print for an error, and the exit code. `PONTAGE_DEBUG` brings the stack. */
export function explain(error: unknown): { message: string; exitCode: number } {
  const { what, why, remedy, requestId, exitCode } = told(error);
  const stack = process.env.PONTAGE_DEBUG && error instanceof Error ? error.stack : undefined;
  const lines = [
    ...what.split("\n").map((line) => `✗ ${line}`),
    ...[why, remedy, requestId && `Request id ${requestId}`, stack].filter(Boolean).map((line) => `  ${line}`),
  ];
  return { message: lines.join("\n"), exitCode };
}

interface Told extends Explanation {
  readonly what: string;
  readonly requestId?: string | undefined;
  readonly exitCode: number;
}

function told(error: unknown): Told {
  if (error instanceof CommandFailure) return { what: error.message, exitCode: error.exitCode, ...error.explanation };
  if (error instanceof ConnectError) {
    // What an interceptor throws arrives wrapped.
    if (error.cause instanceof CommandFailure) return told(error.cause);
    const [detail] = error.findDetails(ErrorSchema);
    return {
      what: error.rawMessage,
      requestId: detail?.requestId || (error.metadata.get("x-request-id") ?? undefined),
      exitCode: exitCodes[error.code] ?? 1,
    };
  }
  const what = error instanceof Error ? error.message : String(error);
  return { what, exitCode: error instanceof ConfigError ? 5 : 1 };
}
