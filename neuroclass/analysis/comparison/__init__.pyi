from .comparing import Comparison as Comparison
from .comparing import compare_groupings as compare_groupings
from .grouping_methods import GroupingMethod as GroupingMethod
from .grouping_methods import NeuronsToGroup as NeuronsToGroup
from .grouping_methods import grouping_methods as grouping_methods
from .judging import judge_grouping as judge_grouping
