"""Connections between images: convolutions, transposed ones, average pooling.

They have the methods of every connection of `layers`; shapes are those of one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn import grad

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.components.layers import Shape, check_dropout, draw_kaiming_

__all__ = ["AvgPool2d", "Conv2d", "ConvTranspose2d"]

_conv2d_weight: Any = grad.conv2d_weight  # untyped in torch


class Conv2d(nn.Conv2d):
    """Convolution of any kernel, stride, padding and dilation; no groups.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the source and of the target layer.
    kernel_size, stride, padding, dilation : int or tuple of int
        As in `torch.nn.Conv2d`.
    groups : int, default 1
        Only 1 is accepted.
    bias : bool, default True
        One constant current per target channel.
    dropout : float, default 0.0
        Fraction of the target's currents that one mask per presentation removes.
    batch_norm : bool, default False
        Normalise the current by its statistics over average rates (IDE).

    Examples
    --------
    >>> Conv2d(1, 64, 5, stride=2, padding=2).output_shape((1, 28, 28))
    (64, 14, 14)
    """

    sample_ndim: int | None = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        _check_convolution(kernel_size, stride, padding, dilation, groups)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 1, bias
        )
        self.dropout = check_dropout(dropout)
        self.batch_norm = nn.BatchNorm2d(out_channels) if batch_norm else None

    def reset_parameters(self) -> None:
        """Draw Kaiming normal weights, zero biases."""
        draw_kaiming_(self.weight, self.bias, self.weight[0].numel())

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return the shape of the convolved image."""
        _check_image(self, source, self.in_channels)
        reached = tuple(
            (size + 2 * _pad(self, i) - _extent(self, i)) // self.stride[i] + 1
            for i, size in enumerate(source[1:])
        )
        if min(reached) < 1:
            raise ValueError(
                f"the image must be at least as large as the kernel of {self}; "
                f"got {source[1:]} pixels."
            )
        return _check_target(self, (self.out_channels, *reached), target)

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return the convolution plus the bias."""
        return F.conv2d(spikes, weight, bias, self.stride, self.padding, self.dilation)

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return the transposed convolution, of exactly the size of the source.

        A stride that does not divide the image leaves rows and columns that the last
        kernel did not reach; the output padding adds them back.
        """
        return _transposed(self, spikes, weight, None, source)

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return the correlation of delta with the source's rates."""
        gradient: Tensor = _conv2d_weight(
            rate,
            tuple(weight.shape),
            delta,
            self.stride,
            self.padding,
            self.dilation,
        )
        return gradient

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return the sum of delta over the batch, the rows and the columns."""
        return delta.sum((0, 2, 3))


class ConvTranspose2d(nn.ConvTranspose2d):
    """Transposed convolution of any stride; it takes the size of its target.

    Several image sizes shrink to the same one under a stride (7 and 8 both to 4), so
    the way back is settled by the target layer and not by an output padding: 4 leads
    to 7 where the target has 7 rows.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the source and of the target layer.
    kernel_size, stride, padding, dilation : int or tuple of int
        As in `torch.nn.ConvTranspose2d`.
    groups : int, default 1
        Only 1 is accepted.
    bias : bool, default True
        One constant current per target channel.
    dropout : float, default 0.0
        Fraction of the target's currents that one mask per presentation removes.
    batch_norm : bool, default False
        Normalise the current by its statistics over average rates (IDE).

    Examples
    --------
    >>> back = ConvTranspose2d(64, 64, 3, stride=2, padding=1, bias=False)
    >>> back.output_shape((64, 4, 4), (64, 7, 7))
    (64, 7, 7)
    """

    sample_ndim: int | None = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        _check_convolution(kernel_size, stride, padding, dilation, groups)
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            bias=bias,
            dilation=dilation,
        )
        self.dropout = check_dropout(dropout)
        self.batch_norm = nn.BatchNorm2d(out_channels) if batch_norm else None

    def reset_parameters(self) -> None:
        """Draw Kaiming normal weights, zero biases."""
        draw_kaiming_(self.weight, self.bias, self.weight[:, 0].numel())

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return the target's shape if the kernel reaches it, else the smallest."""
        _check_image(self, source, self.in_channels)
        smallest = tuple(
            _transposed_size(self, i, size) for i, size in enumerate(source[1:])
        )
        if target is None:
            return (self.out_channels, *smallest)
        fits = len(target) == 3 and all(
            0 <= target[1 + i] - smallest[i] < self.stride[i] for i in range(2)
        )
        reached = target[1:] if fits else smallest
        return _check_target(self, (self.out_channels, *reached), target)

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return the transposed convolution plus the bias."""
        return _transposed(self, spikes, weight, bias, target)

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return the plain convolution with the same kernel."""
        return F.conv2d(spikes, weight, None, self.stride, self.padding, self.dilation)

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return the correlation of the source's rates with delta."""
        gradient: Tensor = _conv2d_weight(
            delta,
            tuple(weight.shape),
            rate,
            self.stride,
            self.padding,
            self.dilation,
        )
        return gradient

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return the sum of delta over the batch, the rows and the columns."""
        return delta.sum((0, 2, 3))


class AvgPool2d(nn.Module):
    """Average pooling as a connection with fixed weights, without padding.

    Its target is a spiking layer like any other.  Rows and columns that no window
    covers send nothing and receive nothing back.

    Examples
    --------
    >>> AvgPool2d(2).output_shape((15, 28, 28))
    (15, 14, 14)
    """

    sample_ndim: int | None = 3
    dropout = 0.0
    batch_norm: Any = None

    def __init__(self, kernel_size: int, stride: int | None = None) -> None:
        super().__init__()
        self.kernel_size = check_positive_int(kernel_size, "kernel_size")
        self.stride = check_positive_int(
            kernel_size if stride is None else stride, "stride"
        )
        self.weight = None
        self.bias = None

    def extra_repr(self) -> str:
        """Return the settings shown between the brackets."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return the shape of the pooled image."""
        _check_image(self, source, source[0])
        size, stride = self.kernel_size, self.stride
        reached = tuple((pixels - size) // stride + 1 for pixels in source[1:])
        if min(reached) < 1:
            raise ValueError(
                f"the image must be at least as large as the kernel of {self}; "
                f"got {source[1:]} pixels."
            )
        return _check_target(self, (source[0], *reached), target)

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return the window averages."""
        return F.avg_pool2d(spikes, self.kernel_size, self.stride)

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return each window's ternary spike, divided among its pixels."""
        size, stride = self.kernel_size, self.stride
        if size == stride:
            spread = spikes.repeat_interleave(size, 2).repeat_interleave(size, 3)
            spread = spread / size**2
            missing = [
                source[2] - spread.shape[3],
                source[1] - spread.shape[2],
            ]
            if any(missing):
                spread = F.pad(spread, [0, missing[0], 0, missing[1]])
            return spread
        # Windows that overlap or leave gaps: one channel at a time, as a kernel.
        kernel = spikes.new_full((1, 1, size, size), 1 / size**2)
        extra = [
            pixels - ((spikes.shape[2 + i] - 1) * stride + size)
            for i, pixels in enumerate(source[1:])
        ]
        planes = spikes.flatten(0, 1).unsqueeze(1)
        spread = F.conv_transpose2d(planes, kernel, None, stride, 0, extra)
        return spread.reshape(spikes.shape[0], *source)

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return None: the weights are fixed."""
        return None

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return None: there is no bias."""
        return None


def _transposed(
    layer: nn.Conv2d | nn.ConvTranspose2d,
    values: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    target: Shape,
) -> Tensor:
    """Return the transposed convolution of exactly the size of the target."""
    extra = [
        size - _transposed_size(layer, i, values.shape[2 + i])
        for i, size in enumerate(target[1:])
    ]
    padding = [_pad(layer, 0), _pad(layer, 1)]
    return F.conv_transpose2d(
        values, weight, bias, layer.stride, padding, extra, 1, layer.dilation
    )


def _check_convolution(
    kernel_size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> None:
    for name, value in [
        ("kernel_size", kernel_size),
        ("stride", stride),
        ("dilation", dilation),
    ]:
        for along_axis in value if isinstance(value, (tuple, list)) else (value,):
            check_positive_int(along_axis, name)
    if groups != 1:
        raise ValueError(
            f"groups must be 1; got {groups}. Grouped convolutions have no transposed "
            "action here: write each group as a connection of its own."
        )
    if isinstance(padding, str):
        raise ValueError(
            f"padding must be an integer or a pair of integers; got {padding!r}."
        )


def _check_image(layer: nn.Module, source: Shape, channels: int) -> None:
    if len(source) != 3 or source[0] != channels:
        raise ValueError(
            f"the input of {layer} must have shape ({channels}, rows, columns); "
            f"got {source}."
        )


def _check_target(layer: nn.Module, reached: Shape, target: Shape | None) -> Shape:
    if target is not None and tuple(target) != reached:
        raise ValueError(
            f"{layer} must reach its target layer of shape {tuple(target)}; "
            f"it gives {reached}. Change its kernel, stride or padding."
        )
    return reached


def _pad(layer: nn.Conv2d | nn.ConvTranspose2d, axis: int) -> int:
    padding: Sequence[Any] = layer.padding
    return int(padding[axis])


def _extent(layer: nn.Conv2d | nn.ConvTranspose2d, axis: int) -> int:
    """Return how many pixels the kernel spans."""
    return layer.dilation[axis] * (layer.kernel_size[axis] - 1) + 1


def _transposed_size(
    layer: nn.Conv2d | nn.ConvTranspose2d, axis: int, size: int
) -> int:
    """Return the smallest image that the transposed kernel makes of `size` pixels."""
    return (
        (size - 1) * layer.stride[axis] - 2 * _pad(layer, axis) + _extent(layer, axis)
    )
