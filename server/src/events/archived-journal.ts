import { Journal, type JournalOptions } from "./journal.ts";
import { isDisposable, type Segment } from "./segment.ts";
import type { SegmentArchive } from "./segment-archive.ts";

export interface ArchivedJournalOptions extends JournalOptions {
  /** Where segments go that the ledger has all of. Without it they are removed. */
  readonly archive?: SegmentArchive | undefined;
}

/** A journal whose segments are archived before they are removed. */
export class ArchivedJournal extends Journal {
  readonly #archive: SegmentArchive | undefined;

  constructor(options: ArchivedJournalOptions) {
    super(options);
    this.#archive = options.archive;
  }

  override async remove(segment: Segment): Promise<void> {
    if (isDisposable(segment)) await this.#archive?.keep(this.producer, segment);
    await super.remove(segment);
  }
}
