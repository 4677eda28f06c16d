import type { Handmade } from "./handmade.ts";

/** Gemini. */
export const handmadeGemini: readonly Handmade[] = [
  {
    dialect: "gemini",
    name: "everything at once",
    request: {
      systemInstruction: { role: "system", parts: [{ text: "Be brief." }, { text: "Metric units." }] },
      contents: [
        {
          role: "user",
          parts: [
            { text: "What is this?", partMetadata: { from: "a.txt" } },
            { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=", displayName: "a.png" } },
            { fileData: { fileUri: "https://example.com/a.png", mimeType: "image/png" } },
            {
              fileData: {
                fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc",
                mimeType: "video/mp4",
              },
            },
            { fileData: { fileUri: "https://www.youtube.com/watch?v=x" }, videoMetadata: { startOffset: "10s" } },
            { inlineData: { mimeType: "audio/wav", data: "UklGRg==" } },
            { inlineData: { mimeType: "application/pdf", data: "JVBERi0=" }, mediaResolution: { level: "LOW" } },
            { newPart: { anything: [1, { deep: true }] } },
          ],
        },
        {
          role: "model",
          parts: [
            { text: "A picture.", thought: true },
            { text: "Let me look." },
            { functionCall: { name: "look", args: { at: 1 } }, thoughtSignature: "c2ln" },
            { functionCall: { name: "look", args: {}, id: "call_2" } },
            { executableCode: { language: "PYTHON", code: "1" } },
            { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
          ],
        },
        {
          role: "function",
          parts: [
            { functionResponse: { name: "look", response: { name: "look", content: { a: "cat" } } } },
            {
              functionResponse: {
                id: "call_2",
                name: "look",
                response: { output: "A dog." },
                parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }],
                scheduling: "SILENT",
              },
            },
            { text: "And?" },
          ],
        },
        { role: "model", parts: [{ text: "Well.", thoughtSignature: "dGV4dA==" }] },
        { parts: [{ text: "Go on" }] },
      ],
      tools: [
        {
          functionDeclarations: [
            {
              name: "look",
              description: "Looks",
              parameters: {
                type: "OBJECT",
                properties: {
                  at: { type: "INTEGER", format: "int32", nullable: true },
                  kind: { type: "STRING", enum: ["A", "B"], maxLength: "5" },
                },
                required: ["at"],
                propertyOrdering: ["at", "kind"],
              },
              response: { type: "STRING" },
            },
            { name: "say.it", parametersJsonSchema: { type: "object", additionalProperties: false } },
          ],
        },
        { googleSearch: {} },
        { codeExecution: {} },
      ],
      toolConfig: {
        functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["look", "say.it"] },
        retrievalConfig: { languageCode: "en" },
      },
      safetySettings: [{ category: "HARM_CATEGORY_HATE_SPEECH", threshold: "BLOCK_NONE" }],
      generationConfig: {
        temperature: 0.3,
        topP: 0.9,
        topK: 40,
        candidateCount: 2,
        maxOutputTokens: 100,
        stopSequences: ["END"],
        seed: -5,
        presencePenalty: -1,
        frequencyPenalty: 0.5,
        responseLogprobs: true,
        logprobs: 3,
        responseMimeType: "application/json",
        responseSchema: { type: "OBJECT", properties: { a: { type: "STRING", nullable: true } } },
        thinkingConfig: { includeThoughts: true, thinkingBudget: 2000 },
        mediaResolution: "MEDIA_RESOLUTION_LOW",
        responseModalities: ["TEXT"],
        speechConfig: { languageCode: "en-US" },
        brandNew: [null, 1],
      },
      cachedContent: "cachedContents/abc",
      labels: { k: "v" },
      serviceTier: "flex",
      brandNew: { a: [null, 1] },
    },
  },
  {
    dialect: "gemini",
    name: "two calls and their results",
    request: {
      systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [
        { role: "user", parts: [{ text: "Paris and Rome?" }] },
        {
          role: "model",
          parts: [
            { text: "One moment.", thought: true },
            { functionCall: { name: "weather", args: { city: "Paris" } }, thoughtSignature: "c2ln" },
            { functionCall: { name: "weather", args: { city: "Rome" } } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "weather", response: { result: "15 degrees" } } },
            { functionResponse: { name: "weather", response: { error: "No such city" } } },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [
            { name: "weather", parameters: { type: "OBJECT", properties: { city: { type: "STRING" } } } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: "VALIDATED" } },
      generationConfig: {
        maxOutputTokens: 4000,
        thinkingConfig: { thinkingLevel: "HIGH" },
        responseMimeType: "text/plain",
      },
    },
  },
  {
    dialect: "gemini",
    name: "one of a few words",
    request: {
      contents: [{ role: "user", parts: [{ text: "Cat or dog?" }] }],
      generationConfig: {
        responseMimeType: "text/x.enum",
        responseSchema: { type: "STRING", enum: ["cat", "dog"] },
        thinkingConfig: { thinkingBudget: 0 },
      },
    },
  },
];
