import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

/** What can be killed and started again. */
export interface Victim {
  readonly name: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Resolves when it works again. */
  restart(): Promise<void>;
}

export interface UnrestOptions {
  readonly random: Random;
  /** It goes on until there were so many, and until `enough` says so. */
  readonly kills: number;
  readonly enough?: () => boolean;
  /** How long each is left to work, from the first to the second. */
  readonly upMs: readonly [number, number];
  readonly downMs: readonly [number, number];
  /** Those that are sometimes killed again before they are up. */
  readonly duringStart?: readonly Victim[];
}

/** Kills each victim at random times, whatever state the others are in. Resolves with the kills by name, all running. */
export async function unrest(victims: readonly Victim[], options: UnrestOptions): Promise<Map<string, number>> {
  const { random, kills, enough = () => true, upMs, downMs, duringStart = [] } = options;
  const counts = new Map<string, number>();
  let total = 0;
  const over = () => total >= kills && enough();
  const count = (victim: Victim) => {
    total++;
    counts.set(victim.name, (counts.get(victim.name) ?? 0) + 1);
  };

  async function trouble(victim: Victim, own: Random): Promise<void> {
    let starting = Promise.resolve();
    await sleep(own.between(0, upMs[1]));
    while (!over()) {
      count(victim);
      await victim.kill();
      await sleep(own.between(...downMs));
      starting = victim.restart();
      if (duringStart.includes(victim) && own.chance(0.25)) {
        await Promise.race([starting, sleep(own.between(50, 900))]);
      } else {
        await starting;
        await sleep(own.between(...upMs));
      }
    }
    await starting;
  }
  await Promise.all(victims.map((victim) => trouble(victim, random.fork())));
  return counts;
}
