"""Files of the cache: believed only with the checksum of all that is in them."""

import dataclasses
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass.responses.count_cache import WordBlock, read_block, write_block


@pytest.fixture
def block(rng):
    values = {
        part.name: rng.integers(0, 9, 20).astype(np.uint8)
        for part in dataclasses.fields(WordBlock)
    }
    return WordBlock(**values)


def test_a_block_comes_back(block, tmp_path):
    write_block(tmp_path / "a.npz", block)
    found = read_block(tmp_path / "a.npz")
    for part in dataclasses.fields(WordBlock):
        assert_array_equal(getattr(found, part.name), getattr(block, part.name))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("name", [part.name for part in dataclasses.fields(WordBlock)])
def test_one_changed_number_is_seen(block, tmp_path, name):
    path = tmp_path / "a.npz"
    write_block(path, block)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays[name][3] ^= 1
    np.savez(path, **arrays)
    with pytest.warns(UserWarning, match=r"a\.npz of the cache cannot be read"):
        assert read_block(path) is None


def test_each_flipped_bit_is_seen_or_changes_nothing(block, tmp_path, rng):
    path = tmp_path / "a.npz"
    write_block(path, block)
    content = path.read_bytes()
    for place in rng.choice(len(content), 60, replace=False):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = read_block(path)
        if found is not None:
            for part in dataclasses.fields(WordBlock):
                assert_array_equal(getattr(found, part.name), getattr(block, part.name))
