import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "./gen/pontage/v1/chat_pb.ts";
import { bootGateway, receipt, textSteps } from "./testing/gateway.ts";

const run = promisify(execFile);
const sdk = fileURLToPath(new URL("..", import.meta.url));
const root = join(sdk, "..");
const modules = join(root, "node_modules");

let scratch = "";
let installed = "";

/** Every Node on the path that is not the workspace's own, plus that one: users have other versions than we do. */
function nodes(): string[] {
  const names = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const others = names.filter((name) => !name.includes("node_modules") && existsSync(name));
  return [...new Set([process.execPath, ...others].map((name) => realpathSync(name)))];
}

// An empty project with the packed library and, in place of a registry, the dependencies it names.
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "pontage-pack-"));
  // Packed from a copy, so that a run of the tests leaves no build behind and removes none that is in use.
  const source = join(scratch, "source");
  for (const name of ["package.json", "tsconfig.build.json", "README.md", "src"]) {
    await cp(join(sdk, name), join(source, name), { recursive: true });
  }
  await symlink(modules, join(source, "node_modules"), "dir");
  await run("npm", ["pack", "--pack-destination", scratch], { cwd: source });
  const tarball = (await readdir(scratch)).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error("npm pack made no tarball");
  installed = join(scratch, "node_modules", "@pontage", "sdk");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", join(scratch, tarball), "-C", installed, "--strip-components=1"]);
  for (const name of [
    "@bufbuild/protobuf",
    "@connectrpc/connect",
    "@connectrpc/connect-web",
    "@connectrpc/connect-node",
  ]) {
    const link = join(scratch, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(modules, name), link, "dir");
  }
  await writeFile(join(scratch, "package.json"), '{"type":"module"}');
}, 60_000);

afterAll(() => rm(scratch, { recursive: true, force: true }));

test("the package holds what runs, its types, and nothing else", async () => {
  const files = await readdir(installed, { recursive: true });
  expect(files).toContain("README.md");
  expect(files).toContain(join("dist", "index.js"));
  expect(files).toContain(join("dist", "node.d.ts"));
  expect(files.filter((name) => /test|src\b/.test(name))).toEqual([]);
});

const program = `
import { NotFound, Pontage } from "@pontage/sdk";
import { ChatService } from "@pontage/sdk/gen/pontage/v1/chat_pb";
import { nodeTransport } from "@pontage/sdk/node";
const hello = { model: "sim/echo", messages: [{ role: "user", content: "Hello" }] };
const transport = process.argv[2] === "fetch" ? undefined : nodeTransport({ protocol: process.argv[2] });
const pontage = new Pontage({ transport });
let text = "";
for await (const part of pontage.chat.stream(hello)) if (part.type === "text") text += part.text;
for await (const part of pontage.chat.stream(hello)) break;
const kind = await pontage.models.get("nope").catch((error) => error instanceof NotFound);
console.log(JSON.stringify({ text, kind, service: ChatService.typeName }));
`;

for (const node of nodes()) {
  for (const protocol of ["fetch", "connect", "grpc"]) {
    test(`installed from its tarball, it runs over ${protocol} on ${node}`, async () => {
      await using gateway = await bootGateway(
        (router) => {
          router.service(ChatService, {
            async *streamChat() {
              for (const value of textSteps(["Hel", "lo"])) yield { item: { case: "event" as const, value } };
              yield { item: { case: "receipt" as const, value: receipt } };
            },
          });
        },
        protocol === "fetch" ? undefined : "h2c",
      );
      const file = join(scratch, "run.js");
      await writeFile(file, program);
      // The environment carries the address, and a program that is done must end by itself.
      const env = { PATH: process.env.PATH, PONTAGE_URL: gateway.baseUrl };
      const { stdout, stderr } = await run(node, [file, protocol], { cwd: scratch, env, timeout: 20_000 });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({ text: "Hello", kind: true, service: "pontage.v1.ChatService" });
    }, 30_000);
  }
}

test("its types serve a strict TypeScript project", async () => {
  await writeFile(
    join(scratch, "use.ts"),
    `import { type ChatMessage, Pontage, RateLimited } from "@pontage/sdk";
import { nodeTransport } from "@pontage/sdk/node";
import type { Usage } from "@pontage/sdk/gen/pontage/v1/usage_pb";
const messages: ChatMessage[] = [{ role: "user", content: "Hello" }];
const answer = await new Pontage({ transport: nodeTransport({ protocol: "grpc" }) }).chat.create({ model: "m", messages });
messages.push(answer.message);
const wait = (error: unknown): number => (error instanceof RateLimited ? error.retryAfterMs : 0);
const usage: Usage | undefined = answer.raw.receipt.usage;
// @ts-expect-error: the role is misspelt, so the types are not just "any".
messages.push({ role: "usr", content: "Hello" });
export { usage, wait };
`,
  );
  const options = { target: "es2022", module: "nodenext", strict: true, noEmit: true, skipLibCheck: true, types: [] };
  await writeFile(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["use.ts"] }));
  const checked = await run(join(modules, ".bin", "tsc"), ["-p", scratch]).catch((error: { stdout: string }) => error);
  expect(checked.stdout).toBe("");
}, 30_000);
