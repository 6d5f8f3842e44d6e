from .describe import describe_classes as describe_classes
from .unit_descriptions import KnownLight as KnownLight
from .unit_descriptions import describe_units as describe_units
from .unit_descriptions import read_light as read_light
