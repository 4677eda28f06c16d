import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { parseObject } from "../wire.ts";
import { decodeUsage } from "./usage.ts";

/** The last line says all. */
export const markers = ['"done":true', '"done": true', '"error"'];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new OllamaTally();
}

class OllamaTally implements Tally {
  usage: Usage | undefined = undefined;
  ended = false;
  failure: GatewayError | undefined = undefined;

  read(frame: Frame): "show" {
    const line = this.ended ? undefined : parseObject(frame.data);
    if (line === undefined) return "show";
    if (line.error) this.failure ??= errorInAnswer(line);
    else if (line.done === true) {
      this.usage = decodeUsage(line);
      this.ended = this.failure === undefined;
    }
    return "show";
  }
}
