import { list, names, object, type Refusal, unknownField, type Wire } from "./speech.ts";

const refused = (message: string): Refusal => ({ status: 400, message });

/** What OpenAI refuses of a chat: https://platform.openai.com/docs/guides/function-calling */
export function refusesChat({ messages }: Wire): Refusal | undefined {
  const turns = list(messages);
  if (turns.length === 0) return refused("Invalid 'messages': empty array. Expected an array with minimum length 1.");
  const waiting = new Set<string>();
  for (const [at, { role, tool_calls: calls, tool_call_id: id }] of turns.entries()) {
    if (!roles.has(String(role))) {
      const known = [...roles].map((one) => `'${one}'`).join(", ");
      return refused(`Invalid value: '${role}'. Supported values are: ${known}.`);
    }
    if (role === "tool") {
      if (waiting.delete(String(id))) continue;
      return refused(
        `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'. (messages[${at}])`,
      );
    }
    if (waiting.size > 0) break;
    for (const call of list(calls)) waiting.add(String(call.id));
  }
  if (waiting.size === 0) return undefined;
  return refused(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...waiting].join(", ")}`,
  );
}

const roles = names("system assistant user function tool developer");

// Of `client_metadata` the documentation says nothing; OpenAI's own Codex sends it.
const fields =
  names(`background client_metadata context_management conversation include input instructions max_output_tokens
  max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key
  prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
  temperature text tool_choice tools top_logprobs top_p truncation user`);

const prefixes: Readonly<Record<string, string>> = { message: "msg", reasoning: "rs", function_call: "fc" };

const itemTypes = names(`message file_search_call computer_call computer_call_output web_search_call function_call
  function_call_output reasoning compaction image_generation_call code_interpreter_call local_shell_call
  local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output mcp_list_tools
  mcp_approval_request mcp_approval_response mcp_call custom_tool_call custom_tool_call_output item_reference
  tool_search_call tool_search_output`);

/** What OpenAI refuses of a response to be made: https://platform.openai.com/docs/api-reference/responses/create */
export function refusesResponse(request: Wire): Refusal | undefined {
  const unknown = unknownField(request, fields);
  if (unknown !== undefined) return refused(`Unknown parameter: '${unknown}'.`);
  const items = list(request.input);
  const calls = new Set<string>();
  const answered = new Set<string>();
  for (const [at, item] of items.entries()) {
    const type = String(item.type ?? "message");
    if (!itemTypes.has(type)) return refused(`Invalid value: '${type}'. (input[${at}].type)`);
    const prefix = prefixes[type];
    if (prefix !== undefined && item.id !== undefined && !String(item.id).startsWith(prefix)) {
      return refused(`Invalid 'input[${at}].id': '${item.id}'. Expected an ID that begins with '${prefix}'.`);
    }
    for (const { type: part } of list(type === "message" ? item.content : undefined)) {
      const said = /^(output_text|refusal)$/.test(String(part));
      if (said !== (item.role === "assistant")) return refused(`Invalid value: '${part}'. (input[${at}].content)`);
    }
    if (type === "function_call") calls.add(String(item.call_id));
    if (type !== "function_call_output") continue;
    if (!calls.has(String(item.call_id))) {
      return refused(`No tool call found for function call output with call_id ${item.call_id}.`);
    }
    answered.add(String(item.call_id));
  }
  const open = [...calls].find((id) => !answered.has(id));
  if (open !== undefined) return refused(`No tool output found for function call ${open}.`);
  const last = items.at(-1);
  if (last?.type === "reasoning") {
    return refused(`Item '${last.id}' of type 'reasoning' was provided without its required following item.`);
  }
  const { format } = object(request.text);
  if (format !== undefined && object(format).type === "json_schema" && object(format).name === undefined) {
    return refused("Missing required parameter: 'text.format.name'.");
  }
  return undefined;
}
