import type { World } from "../world.ts";

/**
 * The name of one gateway process: unlike any before it, and later ones sort behind earlier ones. It is a directory's
 * name and a part of a subject on the bus.
 */
export function newProducer({ clock, randomBytes }: World): string {
  const time = clock.nowMs().toString(36).padStart(9, "0");
  return `gw_${time}_${Buffer.from(randomBytes(6)).toString("hex")}`;
}

export function isProducer(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}
