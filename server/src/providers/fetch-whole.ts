import type { GatewayError } from "../canonical/error.ts";
import type { Provider } from "./provider.ts";
import { send } from "./send.ts";

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends one request to a provider and reads the whole answer, for what is not a generation: it is no attempt and has no row. */
export function fetchWhole(
  provider: Provider,
  path: string,
  headers: readonly string[],
  body: Buffer | undefined,
  options: {
    readonly maxBytes: number;
    /** Is given the means to stop, and to say why. */
    readonly stoppable?: (stop: (why: GatewayError) => void) => void;
  },
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
