"""Early stopping by the loss on held-out rows: decided from the history of evaluations alone, so that a resume decides alike."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EarlyStop:
    metric: str
    patience: int
    min_delta: float

    @classmethod
    def of_recipe(cls, recipe: dict[str, Any]) -> EarlyStop | None:
        told = recipe.get("earlyStopping")
        return cls(told["metric"], told["patience"], told["minDelta"]) if told else None

    def reason(self, history: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Numbers that say why it is time to stop; None to go on. `history`: `log_history` of the trainer's saved state."""
        told = [(entry["step"], entry[self.metric]) for entry in history if self.metric in entry]
        best_step, best, waited = 0, float("inf"), 0
        for step, value in told:
            if value < best - self.min_delta:
                best_step, best, waited = step, value, 0
            else:
                waited += 1
        if waited < self.patience:
            return None
        return {"metric": self.metric, "best": best, "bestStep": best_step, "last": told[-1][1], "waited": waited}
