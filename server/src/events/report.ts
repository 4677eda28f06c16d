/** Tells the operator of something that must not pass in silence. What it says has no secrets and no client content. */
export type Report = (what: string, facts: Readonly<Record<string, unknown>>) => void;
