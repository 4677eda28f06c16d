import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DirectoryLock, lockDirectory } from "./lock.ts";
import { StoreError } from "./store-error.ts";

let directory: string;
const children: ChildProcess[] = [];
const held: DirectoryLock[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pontage-lock-"));
});
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** The lock is the one file in its folder. */
const path = () => {
  const files = readdirSync(join(directory, "lock"));
  expect(files).toHaveLength(1);
  return join(directory, "lock", files[0]!);
};
const content = () => JSON.parse(readFileSync(path(), "utf8"));
const lock = async () => {
  const taken = await lockDirectory(directory);
  held.push(taken);
  return taken;
};

/** Another process that takes the lock and keeps it, or says why it cannot. */
async function otherProcess(): Promise<{ child: ChildProcess; word: string }> {
  const program = `
    import { lockDirectory } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    await lockDirectory(${JSON.stringify(directory)}).then(() => console.log("taken"), (error) => console.log(error.message));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [chunk] = await once(child.stdout!, "data");
  return { child, word: String(chunk).trim() };
}

test("E2: a second process is refused and changes nothing", async () => {
  await lock();
  const before = readFileSync(path(), "utf8");
  const { word } = await otherProcess();
  expect(word).toMatch(
    new RegExp(
      `^${directory} is in use by Pontage process ${process.pid}, started \\d\\d:\\d\\d\\. One process may own a data directory\\.$`,
    ),
  );
  expect(readFileSync(path(), "utf8")).toBe(before);
});

test("the same process is refused as well", async () => {
  await lock();
  await expect(lockDirectory(directory)).rejects.toThrow(StoreError);
});

test("a released lock is free", async () => {
  await (await lock()).release();
  expect(readFileSync(path(), "utf8")).toBe("released\n");
  await lock();
  expect(content().pid).toBe(process.pid);
});

test("releasing a lock that has become another's leaves it alone", async () => {
  const mine = await lock();
  writeFileSync(path(), JSON.stringify({ ...content(), nonce: "another" }));
  await mine.release();
  expect(content().nonce).toBe("another");
});

test("E2: the lock of a killed process is taken over", async () => {
  const { child, word } = await otherProcess();
  expect(word).toBe("taken");
  await expect(lockDirectory(directory)).rejects.toThrow(`process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  await lock();
  expect(content().pid).toBe(process.pid);
});

test("one of many takes over a stale lock", async () => {
  const { child } = await otherProcess();
  child.kill("SIGKILL");
  await once(child, "exit");
  const results = await Promise.allSettled(Array.from({ length: 20 }, lock));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(content().pid).toBe(process.pid);
});

test.runIf(process.platform === "linux")("a process id that was given to another program is no owner", async () => {
  await (await lock()).release();
  const other = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  children.push(other);
  await lock();
  const owner = content();
  await held.pop()!.release();
  writeFileSync(path(), JSON.stringify({ ...owner, pid: other.pid, nonce: "old" }));
  await lock();
});

test("a lock that is only half written belongs to nobody", async () => {
  await (await lock()).release();
  for (const text of ["", "{", "4127", "null"]) {
    writeFileSync(path(), text);
    await (await lock()).release();
  }
});

test.runIf(process.platform === "linux")("an owner in another container is judged by its heartbeat", async () => {
  await lock();
  const owner = content();
  await held.pop()!.release();
  writeFileSync(path(), JSON.stringify({ ...owner, pidNamespace: "4026999999", nonce: "elsewhere" }));
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(path(), longAgo, longAgo);
  await lock();
});
