"""Draw the pictures of the documentation, from simulated retinas.

python docs/make_images.py
"""

from pathlib import Path

from neuroclass import classify_neurons, simulate_retina

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    classes = classify_neurons(simulate_retina(random_state=1))  # as the quickstart
    classes.plot().savefig(
        ROOT / "docs" / "images" / "overview.png",
        dpi=90,
        bbox_inches="tight",
        pad_inches=0.15,
        metadata={"Software": None},
    )
