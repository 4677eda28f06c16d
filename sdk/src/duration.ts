const secondsIn = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A span of time as people write it, for example `"30s"`, `"10m"`, `"24h"`, `"7d"`; a bare number is seconds. */
export type Duration = number | `${number}${keyof typeof secondsIn}`;

/** The whole seconds in a span. Throws a `TypeError` for anything that is not one. */
export function toSeconds(duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(String(duration).trim());
  const amount = Number(match?.[1]);
  if (!match || !Number.isFinite(amount)) {
    throw new TypeError(`"${String(duration)}" is not a duration. Write seconds, or for example "30s", "10m", "24h".`);
  }
  return Math.round(amount * secondsIn[(match[2] || "s") as keyof typeof secondsIn]);
}
