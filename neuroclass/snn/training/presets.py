"""Settings of a training: the network and its optimisation, given or usual.

Input: names of a dataset and of a structure. Output: which network, how many steps, and
how it is optimised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.learning import RULES, Ide, Spide, check_rule
from neuroclass.snn.models import STRUCTURES, usual_rule

__all__ = [
    "NetworkSettings",
    "Optimisation",
    "Recipe",
    "recipe_for",
    "usual_steps",
    "usual_structure",
]

_STRUCTURE_OF = {
    "digits": "recurrent-dense",
    "mnist": "mnist-convnet-f",
    "fashion-mnist": "recurrent-dense",
    "cifar10": "alexnet-f",
    "cifar100": "cifarnet-f",
    "nmnist": "recurrent-conv",
    "cifar10-dvs": "dvs-convnet-f",
}
# Both resets lower the potential by V = 2: the equilibrium is the same.
_RESTING = {
    "modified": {"v_th": 1.0, "u_rest": -1.0},
    "subtractive": {"v_th": 2.0, "u_rest": 0.0},
}
_OPTIMIZERS = ("sgd", "adam", "adamw")
_SCHEDULES = ("steps", "cosine", "constant")
_IDE_STRUCTURE_OF = {**_STRUCTURE_OF, "mnist": "recurrent-conv"}


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Settings of the network to train; None for the usual.

    Parameters
    ----------
    structure : str, optional
        One of `STRUCTURES`, with hyphens or underscores; the default depends on the
        dataset and the rule.
    rule : Spide, Ide, "spide" or "ide", default "spide"
        The learning rule; a name stands for the usual settings of the structure.
    neuron : {"IF", "LIF"}, default "IF"
        Neurons of the forward stage.
    steps : int, optional
        Number of time steps T_F, or of frames of event data; default `usual_steps`.
    hidden : int or sequence of int, optional
        Layer sizes of "recurrent-dense"; default 400, or 64 for digits.
    dropout : float, optional
        Fraction of currents that dropout removes.
    batch_norm : bool, optional
        Whether connections have batch norm (IDE).
    feedback_limit : float, optional
        Largest norm of the feedback.
    feedback : bool, default True
        Whether the network has its feedback.
    leak : float, optional
        Factor of the potential of LIF neurons after each step; default 0.95.
    reset : {"modified", "subtractive"}, optional
        Resting potential at minus the threshold or at 0, of the neurons and of the
        ternary pairs; default that of the rule's paper.
    backward_steps : int, optional
        Steps of the spiking backward stage, or of the solver.
    scale : float or "auto", optional
        Factor of the errors of the backward stage (SPIDE).
    solver : {"broyden", "damped", "exact"}, optional
        Solver of the implicit equation (IDE).

    Examples
    --------
    >>> NetworkSettings(rule=Spide(steps=50, scale=100.0), hidden=16).hidden
    16
    """

    structure: str | None = None
    rule: Spide | Ide | str = "spide"
    neuron: str = "IF"
    steps: int | None = None
    hidden: int | Sequence[int] | None = None
    dropout: float | None = None
    batch_norm: bool | None = None
    feedback_limit: float | None = None
    feedback: bool = True
    leak: float | None = None
    reset: str | None = None
    backward_steps: int | None = None
    scale: float | str | None = None
    solver: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.rule, str):
            check_choice(self.rule, "rule", tuple(RULES))
        else:
            check_rule(self.rule)
        check_choice(self.neuron, "neuron", ("IF", "LIF"))
        if self.leak is not None and self.neuron != "LIF":
            raise ValueError(f"leak must be left out for IF neurons; got {self.leak}.")
        if self.reset is not None:
            check_choice(self.reset, "reset", tuple(_RESTING))
        self._check_rule_settings()
        if self.structure is not None:
            check_choice(_hyphened(self.structure), "structure", tuple(STRUCTURES))
        if self.steps is not None:
            check_positive_int(self.steps, "steps")

    def _check_rule_settings(self) -> None:
        for name, rule in (("scale", Spide.name), ("solver", Ide.name)):
            value = getattr(self, name)
            if value is not None and self.rule_name != rule:
                raise ValueError(
                    f"{name} must be left out under the rule {self.rule_name!r}; got "
                    f"{value}."
                )
        # The rules check the values themselves.
        self.rule_for("recurrent-dense", 10)

    def rule_for(self, structure: str, n_classes: int) -> Spide | Ide:
        """Return the learning rule of a structure, with the settings given."""
        rule = self.rule
        if isinstance(rule, str):
            rule = usual_rule(structure, rule, n_classes)
        changes: dict[str, Any] = {
            "steps": self.backward_steps,
            "scale": self.scale,
            "solver": self.solver,
        }
        if self.reset is not None and isinstance(rule, Spide):
            changes["u_rest"] = None if self.reset == "modified" else 0.0
            rule = replace(rule, u_rest=changes.pop("u_rest"))
        given = {key: value for key, value in changes.items() if value is not None}
        return replace(rule, **given)

    @property
    def membrane(self) -> dict[str, float]:
        """Threshold, resting potential and leak where they are not the usual ones."""
        given = {} if self.reset is None else dict(_RESTING[self.reset])
        if self.leak is not None:
            given["leak"] = float(self.leak)
        return given

    @property
    def rule_name(self) -> str:
        """Name of the learning rule: "spide" or "ide"."""
        return self.rule if isinstance(self.rule, str) else self.rule.name

    def structure_for(self, dataset: str) -> str:
        """Return the structure: the one given, or the usual one of a dataset."""
        return _hyphened(self.structure or usual_structure(dataset, self.rule_name))

    def steps_for(self, dataset: str) -> int:
        """Return T_F: the number given, or the usual one of a dataset."""
        if self.steps is not None:
            return self.steps
        return usual_steps(dataset, self.rule_name, self.structure_for(dataset))


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """Changes of the usual optimisation; None for what `recipe_for` gives.

    Parameters
    ----------
    epochs : int, optional
        Number of passes over the training images.
    lr : float, optional
        Learning rate.
    milestones : sequence of int, optional
        Epochs, counted from 0, from which on the learning rate is a tenth.
    batch_size : int, default 128
        Images per step; the last incomplete batch of an epoch is used too.  With
        batch norm, which needs two, a single last image joins the batch before.
    device : str, default "cpu"
        Device to compute on; no part of the model file.
    optimizer : {"sgd", "adam", "adamw"}, optional
        Default SGD with momentum 0.9.
    schedule : {"steps", "cosine", "constant"}, optional
        Learning rate over the epochs: a tenth at each milestone (default), half a
        cosine down to 0, or the same throughout.
    warmup : int, optional
        Number of iterations over which the learning rate rises from 0.
    augment : bool, optional
        Whether images are cropped and mirrored at random.
    """

    epochs: int | None = None
    lr: float | None = None
    milestones: Sequence[int] | None = None
    batch_size: int = 128
    device: str = "cpu"
    optimizer: str | None = None
    schedule: str | None = None
    warmup: int | None = None
    augment: bool | None = None

    def __post_init__(self) -> None:
        check_positive_int(self.batch_size, "batch_size")
        if self.epochs is not None:
            check_positive_int(self.epochs, "epochs")
        if self.lr is not None and not (math.isfinite(self.lr) and self.lr > 0):
            raise ValueError(f"lr must be a positive number; got {self.lr}.")
        if self.optimizer is not None:
            check_choice(self.optimizer, "optimizer", _OPTIMIZERS)
        if self.schedule is not None:
            check_choice(self.schedule, "schedule", _SCHEDULES)
        if self.warmup is not None:
            check_positive_int(self.warmup, "warmup", 0)

    def applied_to(self, recipe: Recipe) -> Recipe:
        """Return a recipe with these changes."""
        if self.epochs is not None:
            recipe = replace(recipe, epochs=int(self.epochs))
        if self.lr is not None:
            recipe = replace(recipe, lr=float(self.lr))
        if self.milestones is not None:
            milestones = tuple(int(epoch) for epoch in self.milestones)
            recipe = replace(recipe, milestones=milestones)
        return replace(recipe, batch_size=int(self.batch_size), **self.described)

    @property
    def described(self) -> dict[str, Any]:
        """Settings beside the usual ones that a resumed training must share."""
        names = ("optimizer", "schedule", "warmup", "augment")
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Recipe:
    """Settings of an optimisation, all of them filled in.

    Attributes
    ----------
    epochs : int
        Number of passes over the training images.
    lr : float
        Largest learning rate.
    milestones : tuple of int
        Epochs, counted from 0, from which on the learning rate is a tenth.
    warmup : int
        Number of iterations over which the learning rate rises from 0.
    weight_decay : float
        Effective decay: that of the papers, divided by the scale for SPIDE.
    augment : bool
        Whether images are cropped and mirrored at random.
    batch_size : int
        Images per step.
    optimizer : {"sgd", "adam", "adamw"}
        SGD has momentum 0.9.
    schedule : {"steps", "cosine", "constant"}
        Learning rate over the epochs.
    """

    epochs: int = 100
    lr: float = 0.05
    milestones: tuple[int, ...] = (30, 60, 90)
    warmup: int = 0
    weight_decay: float = 5e-4
    augment: bool = False
    batch_size: int = 128
    optimizer: str = "sgd"
    schedule: str = "steps"


_RECIPES = {
    "lenet": Recipe(epochs=60, lr=0.1, milestones=(20, 40)),
    "alexnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "cifarnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "dvs-convnet-f": Recipe(epochs=70, milestones=(50,), augment=True),
}
# Small images of few samples: a minute of the above in seconds.
_DIGITS = Recipe(epochs=15, lr=0.1, milestones=(10, 13))


def usual_structure(dataset: str, rule: str = "spide") -> str:
    """Return the network that a rule is published with on a dataset.

    Examples
    --------
    >>> usual_structure("mnist"), usual_structure("mnist", "ide")
    ('mnist-convnet-f', 'recurrent-conv')
    """
    known = _IDE_STRUCTURE_OF if rule == "ide" else _STRUCTURE_OF
    return known.get(dataset, "recurrent-dense")


def usual_steps(dataset: str, rule: str = "spide", structure: str = "") -> int:
    """Return T_F: 30, or the 5 of dense networks under IDE, but for digits.

    Examples
    --------
    >>> usual_steps("fashion-mnist"), usual_steps("fashion-mnist", "ide")
    (30, 5)
    """
    structure = structure or usual_structure(dataset, rule)
    is_dense = _hyphened(structure) == "recurrent-dense"
    return 5 if is_dense and rule == "ide" and dataset != "digits" else 30


def recipe_for(structure: str, dataset: str) -> Recipe:
    """Return how a structure is usually optimised on a dataset."""
    if dataset == "digits":
        return _DIGITS
    recipe = _RECIPES.get(structure, Recipe())
    if not dataset.startswith("cifar1"):
        recipe = replace(recipe, augment=False)
    return recipe


def _hyphened(structure: str) -> str:
    return structure.replace("_", "-")
