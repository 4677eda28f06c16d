/**
 * Who made a model, by its name at the service: `anthropic` for `us.anthropic.claude-...` and for the ARN that ends in it.
 * Undefined for names that do not say, such as those of application profiles. Converse is one wire format, but what stands
 * in `additionalModelRequestFields`, and which blocks are accepted, is the model's.
 */
export function vendorOf(model: string): string | undefined {
  if (model.includes("claude")) return "anthropic";
  const name = model.slice(model.lastIndexOf("/") + 1);
  return /^(?:[a-z]{2,6}(?:-[a-z]+)?\.)?([a-z0-9]+)\.[a-z]/.exec(name)?.[1];
}
