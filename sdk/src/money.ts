/** One US dollar in nano-USD. */
const dollar = 1_000_000_000n;

/** An exact amount of US dollars. Money is counted in nano-USD (10^-9 USD) and never in floating point. */
export class Money {
  /** The exact amount in nano-USD. */
  readonly nanoUsd: bigint;

  constructor(nanoUsd: bigint) {
    this.nanoUsd = nanoUsd;
  }

  /** The amount in US dollars, rounded to what a number can hold. For showing and charting, not for adding up. */
  get usd(): number {
    return Number(this.nanoUsd) / 1e9;
  }

  /** `$1.50`, or four to six digits below one cent: `$0.00012`. */
  toString(): string {
    return formatNanoUsd(this.nanoUsd);
  }

  /** JSON has no big integers, so the exact amount travels as a string. */
  toJSON(): { nanoUsd: string; usd: number } {
    return { nanoUsd: this.nanoUsd.toString(), usd: this.usd };
  }
}

/**
 * Writes an amount the way people read money: two digits from one cent up, four to six below (`$0.00012`), and
 * `<$0.000001` for what would otherwise look like nothing.
 */
export function formatNanoUsd(nanoUsd: bigint): string {
  const sign = nanoUsd < 0n ? "-" : "";
  const size = nanoUsd < 0n ? -nanoUsd : nanoUsd;
  if (size === 0n) return "$0.00";
  // 0.995 cents would round up to "$0.01" with two digits, so it is already written that way.
  if (size >= dollar / 100n - 500n) return `${sign}$${fixed(size, 2)}`;
  if (size < 500n) return `${sign}<$0.000001`;
  return `${sign}$${fixed(size, 6).replace(/0{1,2}$/, "")}`;
}

/** Decimal digits of an amount, rounded half up, by integer arithmetic only. */
function fixed(nanoUsd: bigint, digits: number): string {
  const unit = 10n ** BigInt(9 - digits);
  const rounded = (nanoUsd + unit / 2n) / unit;
  const scale = 10n ** BigInt(digits);
  const fraction = (rounded % scale).toString().padStart(digits, "0");
  const whole = (rounded / scale).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${fraction}`;
}
