import { dirname } from "node:path";
import { type JournalFiles, nodeFiles } from "../events/files.ts";

/** Gives a file other content, which survives a power cut. Whoever reads it finds the old content or the new, never a mixture. */
export async function replaceDurably(path: string, text: string, files: JournalFiles = nodeFiles): Promise<void> {
  const draft = `${path}.draft`;
  const bytes = Buffer.from(text);
  const file = files.create(draft);
  try {
    for (let written = 0; written < bytes.length; ) {
      const taken = files.write(file, bytes, written, bytes.length - written, written);
      if (taken === 0) throw new Error("the disk took nothing");
      written += taken;
    }
    await files.sync(file);
  } catch (error) {
    await files.remove(draft).catch(() => undefined);
    throw error;
  } finally {
    files.close(file);
  }
  await files.rename(draft, path);
  await files.syncDirectory(dirname(path));
}
