import pytest

from neuroclass import prepare_responses, simulate_retina
from neuroclass.analysis.memory_bound import check_memory
from neuroclass.presentations import select_presentations


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(2, 6, 12, "2s", n_unique=0, random_state=0)


def test_bins_that_are_too_narrow_are_refused_with_the_width_that_fits(retina):
    message = (
        r"bin_size must be at least (.*) ms for 6 units in 0.4 GB of memory; got "
        r"0.001 ms, whose counts take about 4\.03 GB\. Use wider bins, or give"
    )
    how = {"memory": "400MB", "progress": False}
    with pytest.raises(ValueError, match=message) as refused:
        prepare_responses(retina, bin_size="1us", **how)
    least = str(refused.value).split(" ms")[0].split()[-1]
    shown = select_presentations(retina)
    check_memory(shown, f"{least}ms", 1, n_units=6, memory="400MB")
    with pytest.raises(ValueError, match="must be at least"):
        check_memory(shown, float(least) * 5e-4, 1, n_units=6, memory="400MB")


@pytest.mark.parametrize("width", ["auto", "base"])
def test_an_automatic_width_is_never_too_narrow(retina, width):
    shown = select_presentations(retina)
    check_memory(shown, width, 1, n_units=6, memory="1kB")


def test_pooled_times_count_once(retina):
    shown = select_presentations(retina, condition="stimulus")
    check_memory(shown, "10us", 1, n_units=1000, memory="1GB")
