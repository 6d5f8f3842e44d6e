from .assignment_folder import save_assignment as save_assignment
from .class_folder import save_results as save_results
from .class_json import write_result_json as write_result_json
from .comparison import save_comparison as save_comparison
from .csv_files import write_labels_csv as write_labels_csv
from .descriptions import describe_responses as describe_responses
from .descriptions import write_descriptions_csv as write_descriptions_csv
from .family_folder import save_families as save_families
from .information_json import (
    describe_recording_information as describe_recording_information,
)
from .methods import methods_paragraph as methods_paragraph
from .pair_folder import save_pairs as save_pairs
from .report_page import write_report as write_report
from .result_folder import check_kind as check_kind
from .scan_json import describe_scan as describe_scan
