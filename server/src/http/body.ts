import zlib from "node:zlib";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { HttpRequest } from "./listener.ts";

export const maxBodyBytes = 10 * 1024 * 1024;
/** A compressed body may grow this many times. Text rarely does more than ten. */
const maxExpansion = 20;
const bodyTimeoutMs = 30_000;

type Decompress = (
  raw: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, body: Buffer) => void,
) => void;

const decoders: Readonly<Record<string, Decompress>> = {
  gzip: zlib.gunzip,
  "x-gzip": zlib.gunzip,
  deflate: zlib.inflate,
  br: zlib.brotliDecompress,
};

/** Reads a request's body, bounded in size and time. */
export async function readBody(request: HttpRequest): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  const raw = await collect(request);
  if (encoding === "identity" || encoding === "") return raw;
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (!decoder) {
    throw new GatewayError(
      Reason.UNSUPPORTED_MEDIA_TYPE,
      `The content encoding \`${encoding.slice(0, 32)}\` is not supported. Send the body as it is, or with gzip, deflate or br.`,
    );
  }
  return decompress(raw, encoding, decoder);
}

function collect(request: HttpRequest): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBodyBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => {
      stop();
      reject(
        new GatewayError(
          Reason.BODY_TIMEOUT,
          `The body did not arrive within ${bodyTimeoutMs / 1000} s. Send it again.`,
        ),
      );
    }, bodyTimeoutMs);
    const stop = () => {
      clearTimeout(timer);
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        stop();
        reject(tooLarge());
      } else chunks.push(chunk);
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const onClose = () => {
      stop();
      reject(new GatewayError(Reason.CLIENT_GONE, "The client went away while it sent the body."));
    };
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onClose);
  });
}

function decompress(raw: Buffer, encoding: string, decoder: Decompress): Promise<Buffer> {
  const maxOutputLength = Math.min(maxBodyBytes, Math.max(64 * 1024, raw.length * maxExpansion));
  return new Promise((resolve, reject) => {
    decoder(raw, { maxOutputLength }, (error, body) => {
      if (!error) resolve(body);
      else if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") reject(tooLarge());
      else reject(new GatewayError(Reason.MALFORMED_JSON, `The body is not valid ${encoding} data.`));
    });
  });
}

function tooLarge(): GatewayError {
  return new GatewayError(Reason.BODY_TOO_LARGE, `The body is larger than ${maxBodyBytes} bytes. Send less at once.`);
}
