"""Every number the models use, with its unit, range, source and confidence."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from rapidfuzz import process

from lastmile.datasets import bundle_path, read_bundle
from lastmile.errors import DataError, ParameterError
from lastmile.messages import Message

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARAMETERS_FILE = "parameters.toml"

_SHARE = "share"


class Parameter(BaseModel):
    """One number with all that is known about it.

    Attributes
    ----------
    name
        Its key, which ends with the unit where it has one ("walk_speed_ms").
    value
        Best estimate, in ``unit``.
    low, high
        Range it plausibly lies in; both equal ``value`` where it is as good as exact.
    unit, source, confidence, note
        As in ``data/parameters.toml``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    name: str
    value: float
    unit: str
    low: float
    high: float
    source: str
    confidence: Literal["low", "medium", "high"]
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _exact_unless_ranged(cls, fields: object) -> object:
        if isinstance(fields, dict) and "low" not in fields and "high" not in fields:
            return fields | {"low": fields.get("value"), "high": fields.get("value")}
        return fields

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.value <= self.high:
            message = f"low {self.low}, value {self.value}, high {self.high} are not in this order"
            raise ValueError(message)
        if self.low < 0 or self.high > self.largest:
            message = f"{self.low} to {self.high} leaves what is possible: 0 to {self.largest}"
            raise ValueError(message)
        return self

    @property
    def largest(self) -> float:
        """The largest value that makes sense: 1 for a share, else no limit."""
        return 1.0 if self.unit == _SHARE else math.inf

    @property
    def is_uncertain(self) -> bool:
        """Whether it has a range."""
        return self.low < self.high


class Parameters(Mapping[str, Parameter]):
    """All parameters by name, in the order of their file."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = dict(parameters)

    @classmethod
    def bundled(cls) -> Parameters:
        """Return the parameters of the bundle, read once.

        Raises
        ------
        DataError
            The file is missing or damaged, or one of its entries is wrong.
        """
        return _bundled()

    @classmethod
    def from_toml(cls, content: bytes, origin: str) -> Parameters:
        """Return the parameters of a TOML file.

        Parameters
        ----------
        content
            The bytes of the file.
        origin
            What to call the file in messages.

        Raises
        ------
        DataError
            The file is no TOML, or entries are wrong: the message lists every one of them.
        """
        try:
            tables = tomllib.loads(content.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            message = f"{origin} cannot be read: {error}"
            raise DataError(message) from error
        parameters: dict[str, Parameter] = {}
        faults: list[str] = []
        for name, fields in tables.items():
            if not isinstance(fields, dict):
                faults.append(f"{name}: stands outside a [section]")
                continue
            try:
                parameters[name] = Parameter.model_validate(fields | {"name": name})
            except ValidationError as error:
                faults += [
                    f"{'.'.join([name, *map(str, fault['loc'])])}: {fault['msg']}"
                    for fault in error.errors()
                ]
        if faults:
            message = f"{origin} is wrong: {'; '.join(faults)}"
            raise DataError(message)
        return cls(parameters)

    def __getitem__(self, name: str) -> Parameter:
        """Return a parameter.

        Raises
        ------
        KeyError
            There is none of this name.
        """
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._parameters)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._parameters)

    def value(self, name: str) -> float:
        """Return the value of a parameter, in its unit.

        Raises
        ------
        ParameterError
            There is none of this name; the message holds the nearest names.
        """
        try:
            return self._parameters[name].value
        except KeyError:
            raise ParameterError(self._unknown(name)) from None

    def as_values(self) -> dict[str, float]:
        """Return the bare values by name."""
        return {name: parameter.value for name, parameter in self._parameters.items()}

    def with_values(self, values: Mapping[str, float], *, source: str = "scenario") -> Parameters:
        """Return a copy in which some values are set.

        A value that is set is a decision: it loses its range. It may lie outside the range it
        had, but not outside what is possible (below 0, a share above 1).

        Parameters
        ----------
        values
            The values to set, by name, in the parameters' units.
        source
            What to name as their source.

        Raises
        ------
        ParameterError
            Names are unknown or values impossible; the message lists every fault.
        """
        faults: list[Message] = []
        changed = dict(self._parameters)
        for name, value in values.items():
            parameter = self._parameters.get(name)
            if parameter is None:
                faults.append(self._unknown(name))
            elif isinstance(value, bool) or not isinstance(value, int | float):
                faults.append(Message("{name} = {value!r}: not a number", name=name, value=value))
            elif not (math.isfinite(value) and 0 <= value <= parameter.largest):
                share = parameter.unit == _SHARE
                faults.append(
                    Message(
                        "{name} = {value}: must be {allowed} ({unit})",
                        name=name,
                        value=value,
                        allowed=Message("0 to 1") if share else Message("0 or more"),
                        unit=parameter.unit,
                    )
                )
            else:
                number = float(value)
                changed[name] = parameter.model_copy(
                    update={"value": number, "low": number, "high": number, "source": source}
                )
        if faults:
            raise ParameterError(Message.joined(faults))
        return Parameters(changed)

    def uncertain(self) -> tuple[str, ...]:
        """Return the names of the parameters with a range, in the order of the file."""
        return tuple(name for name, p in self._parameters.items() if p.is_uncertain)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Return one plausible world: every parameter with a range drawn from it.

        The draw is triangular between ``low`` and ``high`` with its mode at the best estimate,
        independent between parameters, one number of ``rng`` each in the order of the file.
        """
        return self.at_quantiles(rng.random(len(self.uncertain())))

    def at_quantiles(self, quantiles: NDArray[np.float64]) -> Parameters:
        """Return the world at given quantiles of the uncertain parameters.

        Parameters
        ----------
        quantiles
            Shape (len(self.uncertain()),), each from 0 to 1, in that order. Designs for
            sensitivity analysis (Sobol, Morris) are given this way.

        Raises
        ------
        ParameterError
            The shape is another one, or a quantile is not between 0 and 1.
        """
        names = self.uncertain()
        if quantiles.shape != (len(names),):
            message = f"{len(names)} quantiles are needed, got the shape {quantiles.shape}"
            raise ParameterError(message)
        if not np.all((quantiles >= 0) & (quantiles <= 1)):
            message = "quantiles must lie between 0 and 1"
            raise ParameterError(message)
        changed = dict(self._parameters)
        for name, quantile in zip(names, quantiles.tolist(), strict=True):
            value = _triangular_quantile(changed[name], quantile)
            changed[name] = changed[name].model_copy(update={"value": value})
        return Parameters(changed)

    def _unknown(self, name: str) -> Message:
        nearest = process.extract(name[:100], self._parameters.keys(), limit=3)
        return Message(
            "unknown parameter {name!r}; the nearest names are: {nearest}",
            name=name[:100],
            nearest=", ".join(known for known, _, _ in nearest),
        )


@lru_cache(maxsize=1)
def _bundled() -> Parameters:
    return Parameters.from_toml(read_bundle(PARAMETERS_FILE), str(bundle_path(PARAMETERS_FILE)))


def _triangular_quantile(parameter: Parameter, quantile: float) -> float:
    """Return a quantile of the triangular distribution of a parameter.

    Inverse of its distribution function; see Kotz and van Dorp, Beyond Beta (2004), ch. 1.
    """
    low, mode, high = parameter.low, parameter.value, parameter.high
    width = high - low
    if quantile <= (mode - low) / width:
        value = low + math.sqrt(quantile * width * (mode - low))
    else:
        value = high - math.sqrt((1 - quantile) * width * (high - mode))
    return min(max(value, low), high)
