/** What a target could not say. Collected while a request or reply crosses from one dialect to another. */
export interface Losses {
  /** `path` names the field as the origin writes it, for example `logit_bias` or `messages[2].name`. */
  lose(path: string): void;
}

export class LossReport implements Losses {
  readonly #paths = new Set<string>();

  lose(path: string): void {
    this.#paths.add(path);
  }

  get paths(): readonly string[] {
    return [...this.#paths];
  }
}
