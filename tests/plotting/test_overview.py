"""Figures for notebooks."""

import base64

from matplotlib import pyplot

from neuroclass.plotting import (
    information_curve_svg,
    plot_overview,
)


def test_the_overview_puts_four_figures_on_one_page_that_pyplot_knows(population):
    figure = plot_overview(population())
    assert figure.number in pyplot.get_fignums()
    pyplot.close(figure)
    labels = {ax.get_xlabel() for ax in figure.axes}
    assert {"Number of classes", "Neurons", "Time in the stimulus (s)"} <= labels
    figure.canvas.draw()


def test_the_small_curve_is_a_picture_that_keeps_its_style_to_itself(population):
    element = information_curve_svg(population())
    assert element.startswith('<img src="data:image/svg+xml;base64,')
    content = base64.b64decode(element.split("base64,")[1].split('"')[0])
    assert b"Number of classes" in content
    assert element == information_curve_svg(population())
