import { list, names, object, type Refusal, unknownField, type Wire } from "./speech.ts";

const refused = (message: string): Refusal => ({ status: 400, message });

const known: Readonly<Record<string, ReadonlySet<string>>> = {
  request: names(`model contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent
    serviceTier store`),
  count: names("contents generateContentRequest"),
  content: names("role parts"),
  part: names(`text inlineData fileData functionCall functionResponse executableCode codeExecutionResult thought
    thoughtSignature partMetadata mediaResolution videoMetadata toolCall toolResponse`),
  generationConfig: names(`stopSequences responseMimeType responseSchema _responseJsonSchema responseJsonSchema
    responseModalities candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty
    responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig mediaResolution`),
  declaration: names("name description behavior parameters parametersJsonSchema response responseJsonSchema"),
  schema: names(`type format title description nullable enum maxItems minItems properties required minProperties
    maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum`),
};

const unknownName = (name: string, path: string): Refusal =>
  refused(
    `Invalid JSON payload received. Unknown name "${name}"${path === "" ? "" : ` at '${path}'`}: Cannot find field.`,
  );

/** What Google refuses: fields it does not know, anywhere, and calls without their answers. */
export function refusesContents(request: Wire, counting: boolean): Refusal | undefined {
  const asked = counting ? object(request.generateContentRequest ?? request) : request;
  return refusesFields(request, asked, counting) ?? refusesTurns(list(asked.contents));
}

function refusesFields(request: Wire, asked: Wire, counting: boolean): Refusal | undefined {
  const looks: [unknown, string, string][] = [
    [asked, asked === request && counting ? "count" : "request", ""],
    [asked.generationConfig, "generationConfig", "generation_config"],
  ];
  const schemas: [unknown, string][] = [
    [object(asked.generationConfig).responseSchema, "generation_config.response_schema"],
  ];
  for (const [at, content] of list(asked.contents).entries()) {
    looks.push([content, "content", `contents[${at}]`]);
    for (const [i, part] of list(content.parts).entries()) looks.push([part, "part", `contents[${at}].parts[${i}]`]);
  }
  for (const [at, tool] of list(asked.tools).entries()) {
    for (const [i, declaration] of list(tool.functionDeclarations).entries()) {
      const path = `tools[${at}].function_declarations[${i}]`;
      looks.push([declaration, "declaration", path]);
      schemas.push([declaration.parameters, `${path}.parameters`]);
    }
  }
  for (const [value, kind, path] of looks) {
    const unknown = unknownField(value, known[kind]!);
    if (unknown !== undefined) return unknownName(unknown, path);
  }
  for (const [schema, path] of schemas) {
    const refusal = refusesSchema(schema, path);
    if (refusal) return refusal;
  }
  return undefined;
}

function refusesSchema(schema: unknown, path: string): Refusal | undefined {
  const unknown = unknownField(schema, known.schema!);
  if (unknown !== undefined) return unknownName(unknown, path);
  const { properties, items, anyOf } = object(schema);
  const inside = [...Object.values(object(properties)), ...(items === undefined ? [] : [items]), ...list(anyOf)];
  for (const one of inside) {
    const refusal = refusesSchema(one, `${path}.properties`);
    if (refusal) return refusal;
  }
  return undefined;
}

function refusesTurns(contents: readonly Wire[]): Refusal | undefined {
  if (contents.length === 0) return refused("* GenerateContentRequest.contents: contents is not specified\n");
  let calls = 0;
  for (const [at, { parts }] of contents.entries()) {
    if (list(parts).length === 0) {
      return refused(`* GenerateContentRequest.contents[${at}].parts: contents.parts must not be empty.\n`);
    }
    const results = list(parts).filter(({ functionResponse }) => functionResponse !== undefined).length;
    if (results !== calls) {
      return refused(
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      );
    }
    calls = list(parts).filter(({ functionCall }) => functionCall !== undefined).length;
    if (calls > 0 && at === 0) {
      return refused(
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      );
    }
  }
  if (calls === 0) return undefined;
  return refused("Please ensure that function call turns are followed by a function response turn.");
}
