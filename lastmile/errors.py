"""What can go wrong, said in the user's words.

Every class is a :class:`LastmileError` and also the builtin a caller would expect. A message
says what is wrong, where (file, line or key) and what to do about it.
"""


class LastmileError(Exception):
    """Base of every error this project raises on purpose."""


class DataError(LastmileError, ValueError):
    """A file, feed or download is missing, damaged or not what it should be."""


class ParameterError(LastmileError, ValueError):
    """A model parameter is unknown or outside its allowed range."""


class PlaceError(LastmileError, LookupError):
    """A place name or coordinate pair means nothing to the gazetteer."""


class RequestError(LastmileError, ValueError):
    """A question cannot be asked this way (an impossible date, a negative limit, ...)."""


class OffNetworkError(LastmileError, LookupError):
    """A point lies too far from every street usable by the mode."""


class NoRouteError(LastmileError, LookupError):
    """Both ends are on the network, yet no way leads from one to the other."""


class NoServiceError(LastmileError, LookupError):
    """The timetable has no service on the day asked for."""


class ScenarioError(LastmileError, ValueError):
    """A scenario file is wrong; the message lists every fault of the file."""


class ExperimentError(LastmileError, RuntimeError):
    """A comparison, search or run store could not do its work."""
