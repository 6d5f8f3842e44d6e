"""The usual settings: which network, how many steps, how it is optimised."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Recipe", "recipe_for", "usual_steps", "usual_structure"]

_STRUCTURE_OF = {
    "digits": "recurrent-dense",
    "mnist": "mnist-convnet-f",
    "fashion-mnist": "recurrent-dense",
    "cifar10": "alexnet-f",
    "cifar100": "cifarnet-f",
    "nmnist": "recurrent-conv",
    "cifar10-dvs": "dvs-convnet-f",
}
_IDE_STRUCTURE_OF = {**_STRUCTURE_OF, "mnist": "recurrent-conv"}


@dataclass(frozen=True)
class Recipe:
    """Settings of an optimisation.

    Attributes
    ----------
    epochs : int
        Passes over the training images.
    lr : float
        Learning rate of SGD with momentum 0.9.
    milestones : tuple of int
        Epochs, counted from 0, from which on the learning rate is a tenth.
    warmup : int
        Iterations over which the learning rate rises from 0.
    weight_decay : float
        Effective decay: that of the papers, divided by the scale for SPIDE.
    augment : bool
        Random crops and mirror images.
    """

    epochs: int = 100
    lr: float = 0.05
    milestones: tuple[int, ...] = (30, 60, 90)
    warmup: int = 0
    weight_decay: float = 5e-4
    augment: bool = False


_RECIPES = {
    "lenet": Recipe(epochs=60, lr=0.1, milestones=(20, 40)),
    "alexnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "cifarnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "dvs-convnet-f": Recipe(epochs=70, milestones=(50,)),
}
# Small images of few samples: a minute of the above in seconds.
_DIGITS = Recipe(epochs=15, lr=0.1, milestones=(10, 13))


def usual_structure(dataset: str, method: str = "spide") -> str:
    """Return the network that a method is usually shown with on a dataset.

    Examples
    --------
    >>> usual_structure("mnist"), usual_structure("mnist", "ide")
    ('mnist-convnet-f', 'recurrent-conv')
    """
    known = _IDE_STRUCTURE_OF if method == "ide" else _STRUCTURE_OF
    return known.get(dataset, "recurrent-dense")


def usual_steps(dataset: str, method: str = "spide", structure: str = "") -> int:
    """Return T_F: 30, or the 5 of dense networks under IDE, but for digits.

    Examples
    --------
    >>> usual_steps("fashion-mnist"), usual_steps("fashion-mnist", "ide")
    (30, 5)
    """
    structure = structure or usual_structure(dataset, method)
    is_dense = structure.replace("_", "-") == "recurrent-dense"
    return 5 if is_dense and method == "ide" and dataset != "digits" else 30


def recipe_for(structure: str, dataset: str) -> Recipe:
    """Return how a structure is usually optimised on a dataset."""
    if dataset == "digits":
        return _DIGITS
    recipe = _RECIPES.get(structure, Recipe())
    if not dataset.startswith("cifar1") or dataset == "cifar10-dvs":
        recipe = replace(recipe, augment=False)
    return recipe
