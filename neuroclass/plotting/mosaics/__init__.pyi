from .class_maps import maps_size as maps_size
from .class_maps import plot_class_maps as plot_class_maps
from .recovery_profiles import plot_recovery_profiles as plot_recovery_profiles
from .recovery_profiles import profiles_size as profiles_size
