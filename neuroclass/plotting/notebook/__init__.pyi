from .overview import information_curve_svg as information_curve_svg
from .overview import plot_overview as plot_overview
from .plots import ClassPlots as ClassPlots
from .plots import ComparisonPlots as ComparisonPlots
from .plots import FamilyPlots as FamilyPlots
from .plots import PairPlots as PairPlots
from .plots import ScanPlots as ScanPlots
from .sparklines import class_sparklines as class_sparklines
