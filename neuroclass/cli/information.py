"""Bits per word, per second and per spike, of the population and each neuron."""

import math
from typing import TYPE_CHECKING, Any

from neuroclass._lib.json_text import plain
from neuroclass._lib.wording import between
from neuroclass.cli import scan
from neuroclass.cli.inputs import check_cache, load, presentation_options, wanted_units
from neuroclass.cli.options import (
    IDENTITY_ESTIMATORS,
    add_cache,
    add_command,
    add_json,
    add_recording,
    add_words,
)
from neuroclass.cli.printing import (
    describe_drifting,
    describe_information,
    describe_words,
    print_item,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "information",
        "RECORDING",
        "Measure how much a response tells about which neuron gave it: bits per word, "
        "per second and per spike, of the population and of each neuron.",
    )
    add_recording(parser)
    add_words(parser, IDENTITY_ESTIMATORS, default="blend")
    add_cache(parser)
    scan.add_options(parser)
    add_json(parser)


def run(args: "Namespace") -> None:
    """Carry the command out."""
    check_cache(args.cache)
    scan.check_options(args)
    if args.scan:
        scan.run(args)
        return
    from tqdm import tqdm  # noqa: PLC0415

    from neuroclass._lib.progress import is_watched  # noqa: PLC0415
    from neuroclass.analysis.bin_choice import count_recorded_units  # noqa: PLC0415
    from neuroclass.analysis.quality_checks import warn_of_drift, without_drifting  # noqa: PLC0415
    from neuroclass.information.identity import identity_information  # noqa: PLC0415
    from neuroclass.presentations.selection import select_presentations  # noqa: PLC0415
    from neuroclass.presentations.units import select_units  # noqa: PLC0415
    from neuroclass.responses.block_counts import (  # noqa: PLC0415
        check_two_units_speak,
        words_in_blocks,
    )
    from neuroclass.responses.stationarity import describe_drift, drift_test  # noqa: PLC0415

    recording = load(args)
    presentations = select_presentations(recording, **presentation_options(args))
    heard = count_recorded_units(
        recording,
        presentations,
        args.bin_size,
        args.word_length,
        args.response,
        units=select_units(recording, wanted_units(args, recording)),
        cache=args.cache,
        progress=not args.quiet,
    )
    counts, groups = heard.counts, heard.counted.groups
    check_two_units_speak(counts.n_spikes)
    settings = {"bin_size": heard.bin_setting, "word_length": args.word_length}
    settings |= {"response": args.response, "estimator": args.estimator}
    information = identity_information(
        counts,
        estimator=args.estimator,
        groups=tqdm(
            groups(),
            "groups of repeats",
            delay=2,
            leave=False,
            disable=not is_watched(not args.quiet),
        ),
    )
    measured = plain(
        {
            **{
                name: value
                for name, value in vars(information).items()
                if not name.startswith("by_partition")  # there are none
            },
            "bits_per_second": information.bits_per_second,
            "bits_per_spike": information.bits_per_spike,
        }
    )
    spoken = (presentations, heard.bin_size, args.word_length, args.response)
    drift = drift_test(words_in_blocks(recording, *spoken, units=heard.units))
    warn_of_drift(drift)
    rest = without_drifting(counts, groups(), drift)
    drifting = plain(
        {
            **vars(drift),
            "n_drifting": drift.is_drifting.sum(),
            "summary": describe_drift(drift),
            "information_without": rest
            and {
                "n_neurons": len(rest.per_neuron),
                "bits_per_word": rest.bits_per_word,
                "interval": rest.interval,
            },
        }
    )
    if args.json:
        print_json(
            {
                "recording": args.recording,
                "presentations": presentations.reason,
                "settings": settings,
                "unit_ids": counts.unit_ids,
                "information": measured,
                "drift": drifting,
            }
        )
        return
    print_item("repeats", presentations.reason, *presentations.notes)
    print_item("words", describe_words(settings))
    print_item("who spoke", *describe_information(measured))
    print_item("drift", *describe_drifting(drifting))
    rate, bits = information.firing_rate, information.per_neuron
    per_second = bits / information.word_duration
    per_spike = (
        b / r if r > 0 else math.nan for b, r in zip(per_second, rate, strict=True)
    )
    print_table(
        ("unit", "Hz", "bits/word", "95 %", "bits/s", "bits/spike"),
        zip(
            counts.unit_ids,
            rate,
            bits,
            (between(*ends) for ends in information.per_neuron_interval),
            per_second,
            per_spike,
            strict=True,
        ),
    )
