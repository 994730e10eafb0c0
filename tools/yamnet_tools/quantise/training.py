# SPDX-License-Identifier: Apache-2.0
"""How fine-tuning is set and where it stands; apart from fine_tune.py, which needs PyTorch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yamnet_tools.quantise.float_network import Float


@dataclass(frozen=True)
class Settings:
    """How long and how fast to train: steps, Adam's learning rate in steps of int8, seed."""

    steps: int
    rate: float
    seed: int


@dataclass(frozen=True)
class State:
    """Where training stands, so that it can be stopped and taken up again.

    Attributes:
        step: steps done.
        values: latent weights and biases, two arrays per layer.
        first, second: Adam's moments of each.
    """

    step: int
    values: list[Float]
    first: list[Float]
    second: list[Float]

    def packed(self) -> dict[str, npt.NDArray[np.generic]]:
        """As arrays with names."""
        arrays: dict[str, npt.NDArray[np.generic]] = {"step": np.array(self.step)}
        for name, values in (("values", self.values), ("first", self.first), ("second", self.second)):
            arrays.update({f"{name}{index}": value for index, value in enumerate(values)})
        return arrays

    @classmethod
    def unpacked(cls, arrays: dict[str, npt.NDArray[np.generic]]) -> "State":
        """The inverse of `packed`."""
        count = (len(arrays) - 1) // 3

        def listed(name: str) -> list[Float]:
            return [arrays[f"{name}{index}"].astype(np.float32) for index in range(count)]

        return cls(int(arrays["step"]), listed("values"), listed("first"), listed("second"))
