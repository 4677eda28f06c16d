import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

export interface Balancer {
  readonly origin: string;
  readonly port: number;
  /** Whether the replica on this port is given connections at the moment. */
  isUsed(port: number): boolean;
  /** Connections given to the replica on this port so far. */
  given(port: number): number;
  /** Connections that a replica did not take. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

const askEveryMs = 500;

/**
 * A balancer as simple as they come: it asks every replica's `/ready` and gives each new connection to the next one that
 * said 200. It knows nothing of HTTP on those connections, and does not try a second replica when one takes none.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const used = new Set<number>();
  const given = new Map<number, number>();
  const refused: string[] = [];
  const ask = async (port: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(1_000) }).catch(
      () => undefined,
    );
    await response?.body?.cancel();
    if (response?.status === 200) used.add(port);
    else used.delete(port);
  };
  const asking = setInterval(() => ports.map(ask), askEveryMs);
  await Promise.all(ports.map(ask));

  const sockets = new Set<net.Socket>();
  let turn = 0;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const candidates = ports.filter((port) => used.has(port));
    const port = candidates[turn++ % candidates.length];
    if (port === undefined) return void client.destroy();
    given.set(port, (given.get(port) ?? 0) + 1);
    const replica = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    for (const [one, other] of [
      [client, replica],
      [replica, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", (error) => {
        if (one === replica && replica.bytesRead === 0) refused.push(`${port}: ${error.message}`);
        other.destroy();
      });
      one.on("close", () => {
        sockets.delete(one);
        if (!one.readableEnded) other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    isUsed: (port) => used.has(port),
    given: (port) => given.get(port) ?? 0,
    refused,
    async close() {
      clearInterval(asking);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
