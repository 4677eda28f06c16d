import type { GatewayError } from "../canonical/error.ts";
import type { Provider } from "./provider.ts";
import { send, type Upstream } from "./send.ts";

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

interface WholeOptions {
  readonly maxBytes: number;
  /** Is given the means to stop, and to say why. */
  readonly stoppable?: (stop: (why: GatewayError) => void) => void;
}

/** Whom to ask: a provider, or a part of it elsewhere. */
export type Asked = Upstream & Pick<Provider, "credential" | "withoutSecrets">;

/**
 * Sends one request to a provider and reads the whole answer, for what is not a generation: it is no attempt and has no row.
 * A credential that is refused for its age is fetched anew, once.
 */
export async function fetchWhole(
  provider: Asked,
  path: string,
  headers: readonly string[],
  body: Buffer | undefined,
  options: WholeOptions,
): Promise<WholeAnswer> {
  const { credential } = provider;
  if (!credential) return fetchOnce(provider, path, headers, body, options);
  const used = await credential.get();
  const answer = await fetchOnce(provider, path, headers, body, options);
  const isRefused = answer.status === 401 || answer.status === 403;
  if (!isRefused || !(await credential.newerThan(used))) return answer;
  return fetchOnce(provider, path, headers, body, options);
}

function fetchOnce(
  provider: Asked,
  path: string,
  headers: readonly string[],
  body: Buffer | undefined,
  options: WholeOptions,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    let answerHeaders: Readonly<Record<string, string>> = {};
    const whole = () => {
      const text = Buffer.concat(chunks).toString("utf8");
      resolve({ status, headers: answerHeaders, text: status >= 400 ? provider.withoutSecrets(text) : text });
    };
    const sending = send(provider, path, headers, body, {
      dispatched() {},
      head(answerStatus, answer) {
        status = answerStatus;
        answerHeaders = answer;
      },
      data(chunk) {
        bytes += chunk.length;
        if (bytes <= options.maxBytes) return void chunks.push(chunk);
        sending.cancel();
        whole();
      },
      end: whole,
      failed: (error: GatewayError) => reject(error),
    });
    options.stoppable?.((why) => {
      sending.cancel();
      reject(why);
    });
  });
}
