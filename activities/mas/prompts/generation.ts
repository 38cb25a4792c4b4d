/**
 * The generator's prompt: system prompt with the form of a program and its library, the bare query as the user turn. The
 * rows of the SFT dataset carry exactly these messages, so that a trained generator is asked as it was taught.
 */
import type { ChatMessage } from '../../llm/chat.ts';

/** Short on purpose: every SFT row carries it, and a tiny model must read it. Part of the key of a generation. */
export const generationSystemPrompt = `You design a multi-agent system (MAS) for one query. Think about what the query needs, then write the MAS as one Python program that answers it.

Reply with a few sentences of reasoning, then the program in one block:

\`\`\`python
from utils import *

class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        # agents are calls with a role in their prompt; threads may run them side by side
        return self.llm.call_llm(f"You are ... Task: {taskInfo}")
\`\`\`

forward gets the query as text and returns the answer as text. The library has:
- LLM(model_list).call_llm(prompt, temperature=0.5) -> str
- execute_code(code, timeout=30) -> str: runs Python that sets \`output\`
- test_code_get_feedback(code, test_cases, timeout=20) -> (passed, feedback)
- get_function_signature(llm, taskInfo) -> str; get_test_cases(llm, taskInfo, signature) -> list
- generate_and_extract_code(llm, prompt, temperature=None) -> (response, code)
- extract_code(text) -> str; parse_to_json(text) -> dict or None
Use several agents only where they help.`;

/** Temperature 0, new tokens at most. */
export const generationSampling = { temperature: 0, maxTokens: 4096 } as const;

export function generationMessages(query: string): ChatMessage[] {
  return [
    { role: 'system', content: generationSystemPrompt },
    { role: 'user', content: query },
  ];
}

/** The failed program's own words bring it back; a reply or an error of any length is cut. */
export function repairMessages(
  query: string,
  reply: string,
  failure: { readonly kind: string; readonly message: string },
): ChatMessage[] {
  return [
    ...generationMessages(query),
    { role: 'assistant', content: reply.slice(0, maxReplyChars) },
    {
      role: 'user',
      content: `That program gave no answer (${failure.kind}):

${failure.message.slice(-maxMessageChars)}

Say in a few sentences what was wrong, then give the whole corrected program in one \`\`\`python block.`,
    },
  ];
}

const maxReplyChars = 32_768;
/** Of a traceback the end counts. */
const maxMessageChars = 4_096;
