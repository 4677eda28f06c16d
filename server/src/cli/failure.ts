import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorSchema } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { ConfigError } from "../config/load.ts";
import { StoreError } from "../store/store-error.ts";

/** Something the command line itself has to say, with the exit code it ends in. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
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

/** What to print for an error, and the exit code. */
export function explain(error: unknown): { message: string; exitCode: number } {
  if (error instanceof CommandFailure) return { message: `✗ ${error.message}`, exitCode: error.exitCode };
  if (error instanceof ConnectError) {
    const [detail] = error.findDetails(ErrorSchema);
    const id = detail?.requestId || error.metadata.get("x-request-id");
    return {
      message: `✗ ${error.rawMessage}${id ? `\n  request id ${id}` : ""}`,
      exitCode: exitCodes[error.code] ?? 1,
    };
  }
  if (error instanceof ConfigError) {
    return {
      message: error.message
        .split("\n")
        .map((line) => `✗ ${line}`)
        .join("\n"),
      exitCode: 5,
    };
  }
  if (error instanceof StoreError) return { message: `✗ ${error.message}`, exitCode: 1 };
  const text = error instanceof Error ? error.message : String(error);
  return {
    message: `✗ ${text}${process.env.PONTAGE_DEBUG && error instanceof Error ? `\n${error.stack}` : ""}`,
    exitCode: 1,
  };
}
