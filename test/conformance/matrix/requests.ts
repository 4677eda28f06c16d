import { conversationFeatures } from "./conversation.ts";
import type { Feature } from "./feature.ts";
import { optionFeatures } from "./options.ts";

/** What clients ask for. */
export const requestFeatures: readonly Feature[] = [...conversationFeatures, ...optionFeatures];
