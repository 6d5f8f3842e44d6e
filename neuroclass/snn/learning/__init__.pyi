from .call import Call as Call
from .ide import Ide as Ide
from .ide import rate_map as rate_map
from .rules import RULES as RULES
from .rules import Rule as Rule
from .rules import check_rule as check_rule
from .spide import Spide as Spide
from .spide import local_gradients as local_gradients
