"""A result folder: labels.csv, result.json, figures and a self-contained report.html.

`save_results` writes all of it; `write_report` rebuilds the page from the folder alone.
"""

from neuroclass.report.class_folder import check_kind, save_results
from neuroclass.report.class_json import write_result_json
from neuroclass.report.family_folder import save_families
from neuroclass.report.methods import methods_paragraph
from neuroclass.report.pair_folder import save_pairs
from neuroclass.report.report_page import write_report
from neuroclass.report.tables import write_labels_csv

__all__ = [
    "check_kind",
    "methods_paragraph",
    "save_families",
    "save_pairs",
    "save_results",
    "write_labels_csv",
    "write_report",
    "write_result_json",
]
