"""What a Keras model does, on the learner's side: shown a batch, it is afterwards as it was."""

from __future__ import annotations

from typing import Any


def observe(model: Any, x: Any) -> dict[str, Any]:
    raise NotImplementedError


def rehearse(model: Any, x: Any, training: bool, seed: int | None) -> Any:
    raise NotImplementedError


def loss_values(model: Any, labels: Any, predictions: list[Any]) -> list[float]:
    raise NotImplementedError


def training_step(model: Any, x: Any, y: Any) -> list[tuple[str, float]]:
    raise NotImplementedError
