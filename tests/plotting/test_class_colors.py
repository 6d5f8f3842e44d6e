"""Colours of classes: the same in every figure, distinct to all readers."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from neuroclass.plotting import (
    class_colors,
)


def test_a_class_keeps_its_colour_whatever_the_number_of_classes():
    assert class_colors(30)[:5] == class_colors(5)


def test_twenty_four_classes_have_twenty_four_colours():
    assert len(set(class_colors(24))) == 24


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear_rgb(colors):
    rgb = np.array([to_rgb(color) for color in colors])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
    xyz = np.clip(rgb, 0, 1) @ np.array(to_xyz).T / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.c_[
        116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])
    ]


@pytest.mark.parametrize("vision", VISION)
def test_the_first_eight_colours_are_distinct_for_colour_blind_readers(vision):
    seen = lab(linear_rgb(class_colors(8)) @ np.array(VISION[vision]).T)
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 15  # 2.3 is just noticeable side by side


def test_the_first_eight_colours_stand_out_from_white_paper():
    luminance = linear_rgb(class_colors(8)) @ [0.2126, 0.7152, 0.0722]
    assert np.all(1.05 / (luminance + 0.05) > 2)


@pytest.mark.parametrize("n_clusters", [0, -1, 2.5, True])
def test_no_class_has_no_colour(n_clusters):
    with pytest.raises(ValueError, match="n_clusters must be an integer of at least 1"):
        class_colors(n_clusters)
