# name: reading-evidence
# title: Reading with verified quotes
# method: Quotes the sentences that settle a question, keeps only those that really stand in the text, and answers from them.
# paper: -
# domains: reading, knowledge
# calls: 2..3

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.attempts = 2

    def forward(self, taskInfo):
        evidence = []
        for attempt in range(self.attempts):
            evidence = self.quotes(taskInfo, attempt)
            if evidence:
                break
        listed = "\n".join(f"- {quote}" for quote in evidence) or "- no sentence could be quoted; read the text again"
        return self.llm.call_llm(
            f"""{taskInfo}

Sentences of the text that bear on the question, checked to be verbatim:
{listed}

Answer the question step by step from the text. Give the shortest wording that answers it fully, in the text's own
words; if the text does not settle it, say what follows from common knowledge.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def quotes(self, taskInfo, attempt):
        stricter = "Last time no quote could be found in the text. Copy character by character.\n" if attempt else ""
        reply = self.llm.call_llm(
            f"""Which sentences of the text below settle its question? {stricter}Quote up to six of them word for word,
one per line, each between double quotation marks. Do not answer the question.

{taskInfo}""",
            0.2,
        )
        text = self.plain(taskInfo)
        quoted = re.findall(r'["“]([^"“”\n]{12,600})["”]', reply)
        return [quote for quote in dict.fromkeys(quoted) if self.plain(quote) in text][:6]

    def plain(self, text):
        return re.sub(r"\W+", " ", text).lower().strip()
