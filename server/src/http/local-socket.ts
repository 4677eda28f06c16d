import { chmodSync, rmSync } from "node:fs";
import http from "node:http";

/** The socket that the command line uses on this machine. Who may open the file may administer. */
export interface LocalSocket {
  /** Stops accepting, lets running calls finish for `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

const idleCheckMs = 50;

/** Undefined where there are no such sockets. */
export async function listenLocally(path: string, handler: http.RequestListener): Promise<LocalSocket | undefined> {
  if (process.platform === "win32") return undefined;
  rmSync(path, { force: true }); // left behind by a process that was killed; the directory's lock says that none runs
  const server = http.createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
      const forced = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(forced);
    },
  };
}
