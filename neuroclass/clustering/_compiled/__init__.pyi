from . import loops as loops
