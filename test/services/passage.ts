import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

/** A way to a server that can be closed while the server itself goes on. */
export interface Passage {
  readonly port: number;
  /** Breaks every connection, and refuses new ones. */
  refuse(): void;
  /** Swallows whatever either side says, as a cut cable does: nobody is told. New connections open and stay silent. */
  swallow(): void;
  /** Lets new connections through again. Those that were swallowed stay as they are, as after a server's sudden death. */
  open(): void;
  close(): Promise<void>;
}

export async function startPassage(targetPort: number): Promise<Passage> {
  interface Pair {
    readonly near: net.Socket;
    readonly far: net.Socket;
    swallowed: boolean;
  }
  const pairs = new Set<Pair>();
  let state: "open" | "refuse" | "swallow" = "open";
  const server = net.createServer((near) => {
    if (state === "refuse") return void near.resetAndDestroy();
    const far = net.connect(targetPort, "127.0.0.1");
    const pair: Pair = { near, far, swallowed: state === "swallow" };
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (chunk) => {
        if (!pair.swallowed) to.write(chunk);
      });
      from.on("error", () => {});
      from.on("close", () => {
        if (pair.swallowed && from === far) return;
        pairs.delete(pair);
        to.destroy();
      });
    }
  });
  const breakAll = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
    pairs.clear();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    refuse() {
      state = "refuse";
      breakAll();
    },
    swallow() {
      state = "swallow";
      for (const pair of pairs) pair.swallowed = true;
    },
    open() {
      state = "open";
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
