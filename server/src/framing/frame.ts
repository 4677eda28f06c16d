/** One event in a stream of bytes, whatever the framing. */
export interface Frame {
  /** The event's name. Empty where the framing or the dialect has none. */
  readonly event: string;
  readonly data: string;
}
