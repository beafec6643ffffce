"""Step 5: what the agent says goes out by mail; a note stays inside."""

from gateway.desk.handler import Answer as Said
from gateway.desk.handler import Case, Decisions, Handler, Move, Send, Template


class Answer(Handler):
    """Sends an answer or a question; we then wait for the customer."""

    answer: Template = "answer"
    """The letter around an agent's answer."""
    question: Template = "question"
    """The letter around an agent's question."""

    def answered(self, answer: Said, case: Case) -> Decisions:
        words = {"text": answer.text} | ({} if answer.quotes else {"quoted": ""})
        if answer.kind == "answer":
            yield Send(self.answer, f"{answer.agent} answered.", words)
            yield Move("answered", f"{answer.agent} answered.")
        elif answer.kind == "question":
            yield Send(self.question, f"{answer.agent} asks for more.", words)
            yield Move("asked", f"{answer.agent} asked: we wait for the customer.")
