"""Draw the pictures of the documentation from the bundled recordings.

python docs/make_images.py
"""

from pathlib import Path

from neuroclass import classify_neurons

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    six = classify_neurons(ROOT / "data" / "salamander_movie1.nwb", n_clusters=6)
    six.plot().savefig(
        ROOT / "docs" / "images" / "overview.png",
        dpi=90,
        bbox_inches="tight",
        pad_inches=0.15,
        metadata={"Software": None},
    )
