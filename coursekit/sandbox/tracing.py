"""Trainings that start sooner in workers."""

from __future__ import annotations

from typing import Any


def build_optimizers_early() -> None:
    """Have ``fit`` build the optimizer before it traces the training step, which it then traces once and not twice.

    Keras builds the optimizer in the first trace of the step, and since that made variables, TensorFlow traces the step
    again: for a small network, that takes longer than its training. The variables and the results are the same.
    Models that are not made from a ``keras.Input``, which may have layers yet to be built, and those with a
    ``train_step`` of their own, which may optimize something else, are left as they are.
    """
    import keras

    make_train_function, train_step = keras.Model.make_train_function, keras.Model.train_step

    def make_with_built_optimizer(self: Any, force: bool = False) -> Any:
        is_ready = self.built and getattr(self, "inputs", None) and type(self).train_step is train_step
        if is_ready and self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        return make_train_function(self, force)

    keras.Model.make_train_function = make_with_built_optimizer
