import { Buffer } from "node:buffer";

/*
 * A function's name begins with a letter or an underscore and holds letters, digits, underscores, dots, colons and dashes,
 * at most 128. Others travel in a form that can be undone without remembering anything.
 * https://ai.google.dev/api/caching#FunctionDeclaration
 */
const prefix = "pt_";

export function narrowName(name: string): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(name) && !name.startsWith(prefix)) return name;
  return prefix + Buffer.from(name).toString("base64url");
}

export function widenName(name: string): string {
  if (!name.startsWith(prefix)) return name;
  const original = Buffer.from(name.slice(prefix.length), "base64url").toString();
  return narrowName(original) === name ? original : name;
}
