"""Connections: the transposed action, the local rule, synapse counts, errors."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import (  # noqa: E402
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Zero,
)
from neuroclass.snn.engine import fan_in, fan_out  # noqa: E402


def fitting_target(layer, source):
    try:
        return layer.output_shape(source)
    except ValueError:
        return None


def check_identities(layer, source, target, rng_seed):
    """Compare with autograd: W^T z, and the local rule as the gradient of z W s."""
    generator = torch.Generator().manual_seed(rng_seed)
    spikes = torch.rand(2, *source, generator=generator).requires_grad_()
    ternary = torch.randn(2, *target, generator=generator)
    layer.zero_grad()
    weight = layer.weight
    product = layer.current(spikes, weight, layer.bias, target)
    assert product.shape == (2, *target)
    product.backward(ternary)
    with torch.no_grad():
        assert_close(layer.send_back(ternary, weight, source), spikes.grad)
        if weight is not None:
            got = layer.weight_gradient(ternary, spikes, weight)
            assert_close(got, weight.grad, rtol=1e-4, atol=1e-5)
        if layer.bias is not None:
            got = layer.bias_gradient(ternary)
            assert_close(got, layer.bias.grad, rtol=1e-4, atol=1e-5)


@given(
    rows=st.integers(3, 9),
    columns=st.integers(3, 9),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
)
@settings(max_examples=60, deadline=None)
def test_a_convolution_of_any_size_has_its_transpose(
    rows, columns, kernel, stride, padding, dilation
):
    layer = Conv2d(2, 3, kernel, stride, padding, dilation)
    target = fitting_target(layer, (2, rows, columns))
    assume(target is not None)
    check_identities(layer, (2, rows, columns), target, rows)


@given(
    size=st.integers(2, 5),
    kernel=st.integers(2, 5),
    stride=st.integers(1, 3),
    extra=st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_a_transposed_convolution_reaches_any_target_its_stride_allows(
    size, kernel, stride, extra
):
    assume(extra < stride)
    layer = ConvTranspose2d(3, 2, kernel, stride, kernel // 2)
    smallest = layer.output_shape((3, size, size))[1]
    assume(smallest >= 1)
    target = (2, smallest + extra, smallest + extra)
    assert layer.output_shape((3, size, size), target) == target
    check_identities(layer, (3, size, size), target, kernel)


def test_seven_pixels_become_four_and_seven_again():
    there = Conv2d(1, 2, 3, stride=2, padding=1)
    back = ConvTranspose2d(2, 1, 3, stride=2, padding=1)
    for size in (7, 8):
        assert there.output_shape((1, size, size)) == (2, 4, 4)
        assert back.output_shape((2, 4, 4), (1, size, size)) == (1, size, size)
        check_identities(there, (1, size, size), (2, 4, 4), 0)
        check_identities(back, (2, 4, 4), (1, size, size), 0)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, None), (3, 2), (2, 3)])
@pytest.mark.parametrize("pixels", [6, 7, 8])
def test_pooling_has_its_transpose(size, stride, pixels):
    layer = AvgPool2d(size, stride)
    target = layer.output_shape((3, pixels, pixels))
    check_identities(layer, (3, pixels, pixels), target, 1)


def test_dense_layers_flatten_images_and_fold_them_back():
    check_identities(Linear(12, 5), (3, 2, 2), (5,), 2)
    check_identities(Linear(5, 12, bias=False), (5,), (3, 2, 2), 3)


@pytest.mark.parametrize(
    ("layer", "source", "target"),
    [
        (Linear(12, 5), (12,), (5,)),
        (Conv2d(2, 3, 3, 2, 1), (2, 7, 6), (3, 4, 3)),
        (ConvTranspose2d(3, 2, 3, 2, 1), (3, 4, 4), (2, 8, 7)),
        (AvgPool2d(3, 2), (2, 8, 8), (2, 3, 3)),
    ],
)
def test_fan_in_and_fan_out_count_the_entries_of_the_matrix(layer, source, target):
    identity = torch.eye(int(torch.Size(source).numel())).view(-1, *source)
    weight = None if layer.weight is None else torch.ones(layer.weight.shape)
    matrix = layer.current(identity, weight, None, target).flatten(1) > 0
    reached = fan_out(layer, source, target).flatten()
    assert torch.equal(reached, matrix.sum(1).float())
    reaching = fan_in(layer, source, target).flatten()
    assert torch.equal(reaching, matrix.sum(0).float())


def test_zero_carries_nothing_either_way():
    layer = Zero()
    assert not layer.current(torch.ones(2, 3), None, None, (4,)).any()
    assert not layer.send_back(torch.ones(2, 4), None, (3,)).any()
    assert not fan_out(layer, (3,), (4,)).any()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Conv2d(2, 2, 3, groups=2), "groups must be 1; got 2"),
        (lambda: ConvTranspose2d(2, 2, 3, groups=2), "groups must be 1; got 2"),
        (lambda: Conv2d(1, 1, 3, padding="same"), "padding must be an integer"),
        (lambda: Conv2d(1, 1, 3, stride=0), "stride must be an integer of at least 1"),
        (lambda: Conv2d(1, 1, (3, 0)), "kernel_size must be an integer of at least 1"),
        (
            lambda: ConvTranspose2d(1, 1, 3, (1, 0)),
            "stride must be an integer of at least 1; got 0",
        ),
        (lambda: Conv2d(1, 1, 3, dilation=0), "dilation must be an integer of at"),
        (lambda: Linear(2, 2, dropout=1.0), r"dropout must lie in \[0, 1\)"),
        (lambda: AvgPool2d(0), "kernel_size must be an integer of at least 1"),
        (lambda: Linear(4, 2).output_shape((5,)), "must have 4 neurons; got 5"),
        (lambda: Linear(4, 2).output_shape((4,), (3,)), "must have 2 neurons; got 3"),
        (lambda: Conv2d(1, 1, 3).output_shape((2, 5, 5)), r"shape \(1, rows, columns"),
        (lambda: Conv2d(1, 1, 9).output_shape((1, 5, 5)), "at least as large as the"),
        (lambda: AvgPool2d(9).output_shape((1, 5, 5)), "at least as large as the"),
        (
            lambda: ConvTranspose2d(1, 1, 3, 2, 1).output_shape((1, 4, 4), (1, 9, 9)),
            r"must reach its target layer of shape \(1, 9, 9\)",
        ),
    ],
)
def test_connections_that_do_not_fit_say_so(build, message):
    with pytest.raises(ValueError, match=message):
        build()
