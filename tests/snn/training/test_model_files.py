"""Model files: a flipped bit is refused, not a weight of 1e37."""

import re

import h5py
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import RecordingError  # noqa: E402
from neuroclass.snn import (  # noqa: E402
    NetworkSettings,
    Optimisation,
    load_checkpoint,
    load_dataset,
    train,
)
from neuroclass.snn.training.checkpoint import MODEL_FILE  # noqa: E402
from neuroclass.snn.training.event_files import read_event_folder  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    network = NetworkSettings(
        structure="recurrent-dense", hidden=4, steps=3, backward_steps=5
    )
    train("digits", folder, network, Optimisation(epochs=1), progress=False)
    return (folder / MODEL_FILE).read_bytes()


def test_a_flipped_bit_of_a_weight_is_refused(model, tmp_path):
    path = tmp_path / MODEL_FILE
    path.write_bytes(model)
    weight = load_checkpoint(path).state["network.layers.0.weight"].numpy()
    place = model.index(weight.tobytes()[:64])
    changed = bytearray(model)
    changed[place + 3] ^= 0x40  # of the exponent
    path.write_bytes(changed)
    with pytest.raises(RecordingError, match=r"damaged"):
        load_checkpoint(path)


def test_no_flipped_bit_changes_what_is_loaded(model, tmp_path, rng):
    path = tmp_path / MODEL_FILE
    path.write_bytes(model)
    state = load_checkpoint(path).state
    n_refused = 0
    for place in rng.choice(len(model), 40, replace=False):
        changed = bytearray(model)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            found = load_checkpoint(path).state
        except RecordingError:
            n_refused += 1
            continue
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], state[name]) for name in state)
    assert n_refused >= 20


def test_a_model_without_checksum_is_read_with_a_warning(model, tmp_path):
    path = tmp_path / MODEL_FILE
    path.write_bytes(model)
    content = torch.load(path, weights_only=True)
    del content["checksum"]
    torch.save(content, path)
    with pytest.warns(UserWarning, match="without a checksum"):
        assert load_checkpoint(path).state


def test_files_for_a_dataset_that_takes_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match="path must be left out for digits"):
        load_dataset("digits", tmp_path)


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("t", [0.0, np.nan, 2.0, 3.0], "t must be finite; got nan in event 1"),
        ("t", [0, 1, 2, 2**60], "t must be whole numbers; got 1152921504606846976"),
        ("x", [0.5, 1, 2, 3], "x must be whole numbers; got 0.5 in event 0"),
        ("y", [0, np.inf, 2, 3], "y must be whole numbers; got inf in event 1"),
        ("p", [0, 1, 2, 1], "p must be 0 and 1, or -1 and 1; got 0, 1, 2"),
        ("p", [-1, 0, 1, 1], "p must be 0 and 1, or -1 and 1; got -1, 0, 1"),
        ("p", [0.25, 1, 1, 1], "got 0.25, 1"),
        ("p", [np.nan, 1, 1, 1], "p must be 0 and 1"),
    ],
)
def test_events_are_converted_by_value_or_refused(tmp_path, field, values, message):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(2):
            with h5py.File(tmp_path / name / f"a_{k}.h5", "w") as file:
                arrays = {"t": [0, 1, 2, 3], "x": [1] * 4, "y": [2] * 4, "p": [1] * 4}
                for key, column in (arrays | {field: values}).items():
                    file[key] = np.array(column)
    (train_events, _), _ = read_event_folder("cifar10-dvs", tmp_path, 2)
    with pytest.raises(RecordingError, match=rf"a_\d\.h5: .*{re.escape(message)}"):
        train_events.batch(torch.tensor([0]))
