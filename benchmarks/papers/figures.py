"""Draw the figures of docs/papers.md from its tables.

    python -m benchmarks.papers.figures

Input: the tables of the page. Output: docs/images/papers.png: distance to the
equilibrium, error of the gradient, accuracy by epoch and memory of a step.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

PAGE = Path(__file__).parents[2] / "docs" / "papers.md"
PICTURE = PAGE.parent / "images" / "papers.png"
_COLORS = {
    "SPIDE": "#0072b2",
    "IDE (Broyden)": "#e69f00",
    "exact implicit": "#000000",
    "BPTT, surrogate": "#d55e00",
    "rates, 10 turns": "#009e73",
    "snntorch": "#cc79a7",
    "spikingjelly": "#56b4e9",
    "norse": "#999999",
}


def tables(text):
    """Return the tables of a page, each a list of rows of cells."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            found.append([row for row in rows if set("".join(row)) - set("-:")])
            rows = []
    return found


def _series(table, n_columns=None):
    """Return the numbers of the header, and the numbers of each row by its name."""
    header = [cell.split()[-2 if "epoch" in cell else -1] for cell in table[0][1:]]
    header = header[: n_columns or len(header)]
    return np.array([float(cell) for cell in header]), {
        row[0]: np.array([float(cell.split()[0]) for cell in row[1 : len(header) + 1]])
        for row in table[1:]
    }


def draw(text):
    """Return the figure of the tables of a page."""
    of = {table[0][0]: table for table in tables(text)}
    distance, error, memory = (
        of_first
        for of_first in tables(text)
        if of_first[0][0] in ("steps", "backward steps")
    )
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    axes = figure.subplots(2, 2)

    steps, rows = _series(distance)
    axes[0, 0].loglog(steps, rows["distance from the equilibrium"], "o-")
    axes[0, 0].loglog(
        steps,
        rows["distance from the equilibrium"][0] * steps[0] / steps,
        "k:",
        label="1 / steps",
    )
    axes[0, 0].set(xlabel="Steps", ylabel="Distance to the equilibrium")

    steps, rows = _series(error)
    for name, values in rows.items():
        if not name.startswith("cosine"):
            name = name.removeprefix("gradient error, ")
            axes[0, 1].loglog(steps, values, "o-", label=name)
    axes[0, 1].set(xlabel="Backward steps", ylabel="Relative error of the gradient")

    name = next(name for name in of if name.startswith("MNIST"))
    epochs, rows = _series(of[name], 3)
    for rule, values in rows.items():
        axes[1, 0].plot(epochs, values, "o-", color=_COLORS[rule], label=rule)
    axes[1, 0].set(
        xlabel="Epochs of 10,000 images",
        ylabel="MNIST, test accuracy (%)",
        xticks=epochs,
    )

    steps, rows = _series(memory)
    for rule, values in rows.items():
        axes[1, 1].loglog(steps, values, "o-", color=_COLORS[rule], label=rule)
    axes[1, 1].set(xlabel="Steps", ylabel="Peak memory of a step (MB)", ylim=(2, 3000))
    for axis, letter in zip(axes.flat, "abcd", strict=True):
        axis.set_title(letter, loc="left", fontweight="bold")
        axis.legend(fontsize=7, frameon=False, ncols=1 + (letter == "d"))
        axis.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    draw(PAGE.read_text(encoding="utf-8")).savefig(
        PICTURE, dpi=90, metadata={"Software": None}
    )
