// `npm run bench [-- --quick] [--rounds=N] [--only=NAME]`: what a call costs, side by side with a bare proxy (and nginx, where it is installed).
//
// The yardstick is CPU time of the process in the middle per request, against the bare proxy in the same run, rounds
// interleaved, medians of ratios: absolute figures differ from machine to machine. Wrong answers fail the run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { startServices } from "../../scripts/services.mjs";
import { expectedText } from "./answers.ts";
import { closedLoop, median, openLoop, quantile, type Shot } from "./load.ts";
import { startNginx } from "./nginx.ts";
import { cpuMs, type Measured, residentBytes, startProgram } from "./process.ts";
import { type SpeechName, speeches, speechNames, streamedText, wholeText } from "./speech.ts";

const quick = process.argv.includes("--quick");
const rounds = Number(option("rounds")) || (quick ? 3 : 7);
const roundMs = quick ? 600 : 1_500;
/** The compilers of the runtime take their time; what they cost is not what a call costs. */
const warmUpMs = quick ? 1_000 : 3_000;
const only = option("only");

interface Case {
  readonly name: string;
  readonly goal: number;
  readonly connections: number;
  readonly client: SpeechName;
  /** What the provider speaks; the bare proxy is measured with the client's own dialect. */
  readonly upstream: SpeechName;
  readonly stream: number | undefined;
  readonly paced?: boolean;
  readonly promptBytes?: number;
}

const chat = { client: "openai", upstream: "openai" } as const;

const pairs = speechNames.flatMap((client) =>
  speechNames.filter((upstream) => upstream !== client).map((upstream) => ({ client, upstream })),
);

const cases: readonly Case[] = [
  { ...chat, name: "JSON 1 KB", goal: 1.5, connections: 32, stream: undefined },
  { ...chat, name: "JSON, 50 KB prompt", goal: 1.5, connections: 32, stream: undefined, promptBytes: 50_000 },
  { ...chat, name: "SSE 50 chunks", goal: 1.2, connections: 32, stream: 50 },
  { ...chat, name: "SSE 200 chunks at 10 ms", goal: 1.2, connections: 200, stream: 200, paced: true },
  ...speechNames
    .filter((name) => name !== "openai")
    .map((name) => ({
      ...{ client: name, upstream: name, name: `SSE 50, ${speeches[name].name} client and upstream` },
      ...{ goal: 1.2, connections: 32, stream: 50 },
    })),
  {
    ...{ client: "openai", upstream: "anthropic", name: "JSON, OpenAI client, Anthropic upstream" },
    ...{ goal: 2, connections: 32, stream: undefined },
  },
  ...pairs.map(({ client, upstream }) => ({
    ...{ client, upstream, name: `SSE 50, ${speeches[client].name} client, ${speeches[upstream].name} upstream` },
    ...{ goal: 1.6, connections: 32, stream: 50 },
  })),
];

interface Target {
  readonly name: string;
  /** What is measured; nothing between client and upstream for `direct`. */
  readonly process: Measured | undefined;
  readonly port: number;
  readonly key: string;
}

const directory = mkdtempSync(join(tmpdir(), "pontage-bench-"));
const running: Measured[] = [];

try {
  const upstream = await launch([here("upstream.ts")]);
  const origin = `http://127.0.0.1:${upstream.port}`;
  const bare = await launch([here("bare-proxy.ts"), origin]);
  const nginx = await startNginx(directory, upstream.port);
  if (nginx) running.push(nginx);
  else console.log("nginx is not installed; it is left out.\n");
  const targets: Target[] = [
    { name: "direct", process: undefined, port: upstream.port, key: "none" },
    { name: "bare", process: bare, port: bare.port, key: "none" },
  ];
  if (nginx) targets.push({ name: "nginx", process: nginx, port: nginx.port, key: "none" });
  targets.push(await launchPontage("embedded", origin, {}));
  const { services, stop } = await startServices();
  if (services.postgresUrl && services.natsUrl) {
    running.push({ pid: 0, port: 0, stop });
    const env = { DATABASE_URL: services.postgresUrl, NATS_URL: services.natsUrl };
    targets.push(await launchPontage("scaled", origin, env));
  } else console.log("PostgreSQL and NATS are not installed; only the embedded gateway is measured.\n");

  const pools = new Map(
    targets.map(({ name, port }) => [name, new Pool(`http://127.0.0.1:${port}`, { pipelining: 1 })]),
  );

  console.log("CPU per request of the process in the middle, and its ratio to the bare proxy (median of rounds)\n");
  for (const one of cases) {
    if (only && !one.name.includes(only)) continue;
    const cpu = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    const rate = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    const duration = one.paced ? roundMs * 3 : roundMs;
    for (let round = -1; round < rounds; round++) {
      for (const { name, process: middle, key } of targets) {
        const shot = shotOf(one, name, key);
        const before = middle ? cpuMs(middle.pid) : 0;
        const result = await closedLoop(pools.get(name)!, shot, one.connections, round < 0 ? warmUpMs : duration);
        // What a gateway puts off (events, ledger) counts too, so everybody gets the same time to finish.
        await new Promise((resolve) => setTimeout(resolve, 150));
        if (round < 0) continue; // warm-up
        if (middle) cpu.get(name)!.push(((cpuMs(middle.pid) - before) * 1000) / result.count);
        rate.get(name)!.push(result.count / result.seconds);
      }
    }
    print(one, cpu, rate);
  }
  if (!only) {
    await latency(targets, pools);
    await memory(targets, pools);
  }
  for (const pool of pools.values()) await pool.destroy();
} finally {
  for (const one of running.reverse()) await one.stop();
  rmSync(directory, { recursive: true, force: true });
}

function print(
  one: Case,
  cpu: ReadonlyMap<string, readonly number[]>,
  rate: ReadonlyMap<string, readonly number[]>,
): void {
  console.log(one.name);
  const yardstick = cpu.get("bare")!;
  for (const [name, values] of cpu) {
    const perSecond = median(rate.get(name)!).toFixed(0).padStart(7);
    if (values.length === 0) {
      console.log(`  ${name.padEnd(17)} ${"".padStart(9)}   ${"".padStart(6)}  ${perSecond}/s`);
      continue;
    }
    const ratio = median(values.map((value, i) => value / yardstick[i]!));
    const goal = isPontage(name) ? `  goal <= ${one.goal}  ${ratio <= one.goal ? "met" : "MISSED"}` : "";
    console.log(
      `  ${name.padEnd(17)} ${median(values).toFixed(0).padStart(6)} us   x ${ratio.toFixed(2)}  ${perSecond}/s${goal}`,
    );
  }
  console.log();
}

/** Latency at a rate well below what anybody can do, and what each adds to going direct. */
async function latency(targets: readonly Target[], pools: ReadonlyMap<string, Pool>): Promise<void> {
  const perSecond = 300;
  console.log(`Latency at ${perSecond} requests a second (JSON 1 KB; first byte of SSE 50), added to going direct\n`);
  for (const one of [cases[0]!, cases[2]!]) {
    const all = new Map<string, number[]>([...pools.keys()].map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, key } of targets) {
        const result = await openLoop(pools.get(name)!, shotOf(one, name, key), perSecond, roundMs);
        all.get(name)!.push(...result.timings.map((timing) => (one.stream ? timing.firstByteMs : timing.totalMs)));
      }
    }
    const direct = all.get("direct")!;
    console.log(one.name);
    for (const [name, values] of all) {
      const added = (q: number) => (quantile(values, q) - quantile(direct, q)).toFixed(2).padStart(6);
      console.log(
        `  ${name.padEnd(17)} p50 ${quantile(values, 0.5).toFixed(2)} ms (${added(0.5)})   p99 ${quantile(values, 0.99).toFixed(2)} ms (${added(0.99)})`,
      );
    }
    console.log();
  }
}

/** What one open stream holds in memory. */
async function memory(targets: readonly Target[], pools: ReadonlyMap<string, Pool>): Promise<void> {
  const streams = quick ? 200 : 1_000;
  console.log(`Memory with ${streams} open streams\n`);
  const paced = cases.find((one) => one.paced)!;
  for (const { name, process: middle, key } of targets) {
    if (!middle) continue;
    const before = residentBytes(middle.pid);
    const load = closedLoop(pools.get(name)!, shotOf(paced, name, key), streams, 100);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const during = residentBytes(middle.pid);
    await load;
    console.log(`  ${name.padEnd(17)} ${((during - before) / streams / 1024).toFixed(1).padStart(6)} KiB a stream`);
  }
  console.log();
}

/** The same question for everybody; only Pontage is told the provider, and only there does the upstream's dialect differ. */
function shotOf(one: Case, target: string, key: string): Shot {
  const chunks = one.stream === undefined ? "" : `${one.stream} chunks${one.paced ? " paced" : ""}`;
  const prompt = `${chunks} ${"The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil((one.promptBytes ?? 200) / 45))}`;
  const speech = speeches[one.client];
  const model = isPontage(target) ? `${one.upstream}/bench` : "bench";
  const streamed = one.stream !== undefined;
  const expected = expectedText(one.stream);
  return {
    path: speech.path(model, streamed),
    headers: ["content-type", "application/json", "authorization", `Bearer ${key}`],
    body: Buffer.from(JSON.stringify(speech.body(model, prompt, streamed))),
    check(answer) {
      const text = streamed ? streamedText(speech, answer) : wholeText(speech, answer);
      if (text !== expected) throw new Error(`${target}, ${one.name}: wrong answer\n${answer.slice(0, 500)}`);
      if (streamed && !answer.includes(speech.ending)) throw new Error(`${target}, ${one.name}: the stream has no end`);
    },
  };
}

async function launch(args: readonly string[]): Promise<Measured> {
  const program = await startProgram(args, {}, (line) => Number(line) || undefined);
  running.push(program);
  return program;
}

/** Two shapes of the same program: everything in one process, and on PostgreSQL and NATS. */
async function launchPontage(
  shape: "embedded" | "scaled",
  origin: string,
  env: Readonly<Record<string, string>>,
): Promise<Target> {
  const config = join(directory, "pontage.yaml");
  const data = join(directory, shape);
  writeFileSync(
    config,
    `version: 1
providers:
${speechNames.map((name) => `  ${name}: ${providerAt(origin, name)}`).join("\n")}
`,
  );
  const profile = process.env.BENCH_PROFILE
    ? ["--cpu-prof", `--cpu-prof-dir=${process.env.BENCH_PROFILE}/${shape}`]
    : [];
  const program = await startProgram(
    [...profile, here("../../server/src/main.ts"), "start", "--port", "0", "--config", config],
    { ...env, PONTAGE_DATA: data },
    (line) => (line.includes('"msg":"ready"') ? Number(/"port":(\d+)/.exec(line)?.[1]) : undefined),
  );
  running.push(program);
  const key = readFileSync(join(data, "first-key"), "utf8").trim();
  return { name: `pontage ${shape}`, process: program, port: program.port, key };
}

/** Only one may list `bench` as its own, because it is asked for by its full name and by that. */
function providerAt(origin: string, name: SpeechName): string {
  const { provider, base } = speeches[name];
  const models = name === "openai" ? ", models: [bench]" : "";
  return `{ type: ${provider}, base_url: "${origin}${base}", api_key: bench, discover: false${models} }`;
}

function isPontage(name: string): boolean {
  return name.startsWith("pontage");
}

function option(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((arg) => arg.startsWith(prefix))?.slice(prefix.length);
}

function here(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
