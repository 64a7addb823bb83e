"""Which mode and which entrance: a nested logit on generalised cost.

Every way to the park is a pair (mode, entrance). Its generalised cost counts the whole outing,
there and back, in minutes of riding for one person: time parts with the weights of the Helsinki
region's appraisal model, fares, driving and parking turned into minutes by the value of time,
and what people have learnt to expect of the car park and of the stop.

Alternatives of one *nest* (car to any entrance; bus or shuttle; own or shared bike; on foot) are
closer substitutes to each other than to the rest: a new shuttle takes more from the bus than
from the car. Each party's tastes are drawn with the party, so that two scenarios meet the same
people: the choice itself is a plain maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lastmile.errors import DataError, ParameterError
from simulation.parties import MODES, STAYS_AWAY, Choices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulation.levels import LevelsOfService, RideLevels
    from simulation.parties import Expectations, Parties

NESTS: Final = ("car", "transit", "bike", "walk")
"""Groups of modes that are closer substitutes than the rest."""

NEST_OF_MODE: Final = np.array([0, 1, 1, 2, 2, 3])
"""The nest of each mode in `MODES`."""

_CAR, _BUS, _SHUTTLE, _BIKE, _CITYBIKE, _WALK = range(len(MODES))
_HOURS = 24


@dataclass(frozen=True, slots=True)
class ChoiceParameters:
    """What the choice rests on; values, sources and ranges are in ``data/parameters.toml``.

    Attributes
    ----------
    wait_weight, walk_weight, bike_weight
        Minutes of riding that a minute of waiting, walking or cycling weighs.
    search_weight
        The same for a minute of search for a parking space.
    schedule_delay_weight
        The same for a minute between the wished and the timetable's arrival.
    transfer_min, boarding_min
        Penalty of a transfer and of boarding the vehicle to the park, minutes.
    refusal_min
        Penalty of being turned away at a full car park, minutes.
    value_of_time_eur_h
        Value of an hour of riding of one person, EUR/h.
    drive_cost_eur_km
        Cost of driving a car, EUR/km.
    poor_weather_min
        Added to cycling and walking each way when the weather is poor; half when fair.
    scale_per_min
        Scale of the logit, 1/minute: the larger, the more the cheapest way wins.
    nest_scale
        Similarity within a nest, in (0, 1]: 1 is the multinomial logit.
    other_entrance_min
        What it costs a party to go to an entrance it did not have in mind, minutes.
    elasticity
        Elasticity of the number of visits with respect to the generalised cost (0: the same
        people come whatever happens).
    reference_cost_min
        Generalised cost to which the elasticity refers, minutes.
    mode_constant_min
        (modes,) what a mode costs beyond what is measured, minutes, calibrated.
    entrance_constant_min
        (entrances,) the same for an entrance, minutes, calibrated.
    """

    wait_weight: float
    walk_weight: float
    bike_weight: float
    search_weight: float
    schedule_delay_weight: float
    transfer_min: float
    boarding_min: float
    refusal_min: float
    value_of_time_eur_h: float
    drive_cost_eur_km: float
    poor_weather_min: float
    scale_per_min: float
    nest_scale: float
    other_entrance_min: float
    elasticity: float
    reference_cost_min: float
    mode_constant_min: NDArray[np.float64]
    entrance_constant_min: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse values outside their domain.

        Raises
        ------
        ParameterError
            If a scale or the value of time is not positive, or a shape is wrong.
        """
        faults = []
        if not 0 < self.nest_scale <= 1:
            faults.append(f"nest_scale is {self.nest_scale}, must be in (0, 1]")
        faults += [
            f"{name} is {getattr(self, name)}, must be above 0"
            for name in ("value_of_time_eur_h", "scale_per_min", "reference_cost_min")
            if not getattr(self, name) > 0
        ]
        if self.elasticity < 0:
            faults.append(f"elasticity is {self.elasticity}, must be 0 or more")
        if self.mode_constant_min.shape != (len(MODES),):
            faults.append(f"mode_constant_min has not {len(MODES)} values")
        if faults:
            raise ParameterError("choice parameters: " + "; ".join(faults))


def positive_stable(
    alpha: float, uniform: NDArray[np.float64], exponential: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn uniforms and exponentials into positive stable numbers.

    Parameters
    ----------
    alpha
        Index in (0, 1]; at 1 every number is 1.
    uniform
        Independent uniforms on (0, 1).
    exponential
        Independent standard exponentials, same shape.

    Returns
    -------
    NDArray[np.float64]
        Numbers whose Laplace transform is exp(-s**alpha); same shape.

    Notes
    -----
    M. Kanter, "Stable densities under change of scale and total variation inequalities",
    Annals of Probability 3 (1975), 697-707.
    """
    angle = np.pi * uniform
    left = np.sin(alpha * angle) / np.sin(angle) ** (1 / alpha)
    right = (np.sin((1 - alpha) * angle) / exponential) ** ((1 - alpha) / alpha)
    return np.asarray(left * right, dtype=np.float64)


def draw_taste(
    generator: np.random.Generator, parties: int, entrances: int, nest_scale: float
) -> NDArray[np.float32]:
    """Draw what each party likes beyond cost, alike within a nest.

    The draws have the generalised extreme value distribution of the nested logit: given a
    positive stable S for the party and nest, ``nest_scale * (Gumbel + ln S)`` has the joint
    distribution exp(-(sum exp(-x / nest_scale)) ** nest_scale).

    Parameters
    ----------
    generator
        Source of randomness.
    parties, entrances
        How many.
    nest_scale
        Similarity within a nest, in (0, 1].

    Returns
    -------
    NDArray[np.float32]
        Shape (parties, modes, entrances); each is standard Gumbel by itself.
    """
    gumbel = generator.gumbel(size=(parties, len(MODES), entrances))
    uniform = generator.uniform(np.finfo(float).tiny, 1.0, size=(parties, len(NESTS)))
    exponential = generator.exponential(size=(parties, len(NESTS)))
    shared = np.log(positive_stable(nest_scale, uniform, exponential))
    taste = nest_scale * (gumbel + shared[:, NEST_OF_MODE, None])
    return taste.astype(np.float32)


def nested_logsum(
    utility: NDArray[np.float64], nest_scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares and the logsum of a two-level nested logit.

    Parameters
    ----------
    utility
        (n, modes, entrances) utilities in units of the logit scale; -inf where not possible.
    nest_scale
        Similarity within a nest, in (0, 1].

    Returns
    -------
    shares
        (n, modes, entrances) choice probabilities; zeros in a row with no way at all.
    logsum
        (n,) expected greatest utility less Euler's constant; -inf with no way at all.

    Notes
    -----
    K. Train, Discrete Choice Methods with Simulation, 2nd ed. (2009), section 4.2.
    """
    scaled = utility / nest_scale
    inner = np.full((len(utility), len(NESTS)), -np.inf)
    for nest in range(len(NESTS)):
        mine = nest == NEST_OF_MODE
        columns = int(np.count_nonzero(mine)) * utility.shape[2]
        members = scaled[:, mine, :].reshape(len(utility), columns)
        inner[:, nest] = _log_sum_exp(members)
    logsum = _log_sum_exp(nest_scale * inner)
    with np.errstate(invalid="ignore"):
        outer = nest_scale * inner - logsum[:, None]
        within = scaled - inner[:, NEST_OF_MODE, None]
        shares = np.exp(outer[:, NEST_OF_MODE, None] + within)
    return np.nan_to_num(shares, nan=0.0), logsum


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log(sum(exp(values))) over the last axis; -inf where every value is."""
    top = np.max(values, axis=-1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total = np.log(np.sum(np.exp(values - safe[..., None]), axis=-1))
    return np.asarray(safe + total, dtype=np.float64)


def generalised_costs(
    parties: Parties,
    levels: LevelsOfService,
    expectations: Expectations,
    parameters: ChoiceParameters,
) -> NDArray[np.float64]:
    """Return what every way costs every party, there and back.

    Parameters
    ----------
    parties
        Who comes.
    levels
        Times and costs by zone, entrance, mode and hour.
    expectations
        What people have learnt to expect by entrance and hour.
    parameters
        Weights and values.

    Returns
    -------
    NDArray[np.float64]
        (n, modes, entrances) minutes per person; inf where the way does not exist for the
        party (no car, no service, no way back).
    """
    there = _hour(parties.arrival_s)
    back = _hour(parties.arrival_s + parties.stay_s)
    zone = parties.zone.astype(np.intp)
    minutes_per_eur = 60.0 / parameters.value_of_time_eur_h
    costs = np.full((len(parties), len(MODES), len(levels.entrances)), np.inf)
    costs[:, _CAR] = _car(parties, levels, expectations, parameters, there)
    homeward = np.fmin(
        _ride(levels.bus_back, zone, back, parameters, minutes_per_eur),
        _ride(levels.shuttle_back, zone, back, parameters, minutes_per_eur),
    )
    for mode, ride, delay_s in (
        (_BUS, levels.bus_there, expectations.bus_wait_s),
        (_SHUTTLE, levels.shuttle_there, expectations.shuttle_wait_s),
    ):
        outward = _ride(ride, zone, there, parameters, minutes_per_eur)
        waiting = parameters.wait_weight * delay_s.T[there] / 60
        costs[:, mode] = outward + homeward + waiting
    costs[:, _CITYBIKE] = _ride(
        levels.citybike_there, zone, there, parameters, minutes_per_eur
    ) + _ride(levels.citybike_back, zone, back, parameters, minutes_per_eur)
    weather = 2 * parameters.poor_weather_min * levels.exposure
    costs[:, _CITYBIKE] += weather
    costs[:, _BIKE] = 2 * parameters.bike_weight * levels.bike_s[zone] / 60 + weather
    costs[:, _WALK] = 2 * parameters.walk_weight * levels.walk_s[zone] / 60 + weather
    return np.where(np.isfinite(costs), costs, np.inf)


def _hour(time_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the hour of the day, 0 to 23; times past midnight count as the last hour."""
    return np.clip(time_s // 3600, 0, _HOURS - 1).astype(np.intp)


def _car(
    parties: Parties,
    levels: LevelsOfService,
    expectations: Expectations,
    parameters: ChoiceParameters,
    hour: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the cost of the car, (n, entrances): driving, money, search and refusal."""
    zone = parties.zone.astype(np.intp)
    money_eur = (
        2 * parameters.drive_cost_eur_km * levels.drive_m[zone] / 1000 + levels.parking_fee_eur
    )
    per_person_min = 60 * money_eur / (parameters.value_of_time_eur_h * parties.size[:, None])
    expected = (
        parameters.search_weight * expectations.search_s.T[hour] / 60
        + expectations.diversion_s.T[hour] / 60
        + parameters.refusal_min * expectations.refusal.T[hour]
    )
    cost = 2 * levels.drive_s[zone] / 60 + per_person_min + expected
    usable = parties.has_car[:, None] & levels.parking_open[None, :]
    return np.where(usable, cost, np.inf)


def _ride(
    ride: RideLevels,
    zone: NDArray[np.intp],
    hour: NDArray[np.intp],
    parameters: ChoiceParameters,
    minutes_per_eur: float,
) -> NDArray[np.float64]:
    """Return the cost of one way by a scheduled or shared mode, (n, entrances); nan: none."""
    minutes = (
        ride.in_vehicle_s
        + parameters.wait_weight * ride.wait_s
        + parameters.walk_weight * ride.walk_s
        + parameters.bike_weight * ride.cycle_s
        + parameters.schedule_delay_weight * ride.schedule_delay_s
    ) / 60
    minutes = minutes + parameters.transfer_min * ride.transfers
    minutes = minutes + parameters.boarding_min * (ride.in_vehicle_s > 0)
    minutes = minutes + minutes_per_eur * ride.fare_eur
    return np.asarray(minutes[zone, :, hour], dtype=np.float64)


def utilities(
    costs_min: NDArray[np.float64], parties: Parties, parameters: ChoiceParameters
) -> NDArray[np.float64]:
    """Return utilities in units of the logit scale, (n, modes, entrances)."""
    elsewhere = np.arange(costs_min.shape[2]) != parties.home_entrance[:, None]
    felt = (
        costs_min
        + parameters.mode_constant_min[None, :, None]
        + parameters.entrance_constant_min[None, None, :]
        + parameters.other_entrance_min * elsewhere[:, None, :]
    )
    return np.asarray(-parameters.scale_per_min * felt, dtype=np.float64)


def choose(
    parties: Parties,
    levels: LevelsOfService,
    expectations: Expectations,
    parameters: ChoiceParameters,
    reference_logsum_min: NDArray[np.float64] | None = None,
    *,
    barred: NDArray[np.bool_] | None = None,
) -> Choices:
    """Let every party choose its mode and entrance, or stay away.

    Parameters
    ----------
    parties
        Who might come.
    levels
        Times and costs in this scenario.
    expectations
        What people expect in this scenario.
    parameters
        Weights, values and calibrated constants.
    reference_logsum_min
        (n,) `Choices.logsum_min` of the same parties in the base. None means that this is
        the base: all ordinary visitors come, latent ones stay away.
    barred
        (n, modes, entrances) ways a party has learnt it cannot take, such as the car to a car
        park that a sign says is full; None bars nothing.

    Returns
    -------
    Choices
        One row a party.

    Raises
    ------
    DataError
        If the parties' tastes do not fit the levels' entrances.

    Notes
    -----
    Visits follow ``exp(-elasticity * (logsum - reference) / reference_cost)``: where it gets
    dearer, that share of the ordinary visitors comes; where it gets cheaper, the surplus
    comes from the latent parties, up to their number (`LATENT_POOL` of the ordinary).
    """
    expected = (len(parties), len(MODES), len(levels.entrances))
    if parties.taste.shape != expected:
        raise DataError(f"choice: tastes have shape {parties.taste.shape}, not {expected}")
    costs = generalised_costs(parties, levels, expectations, parameters)
    if barred is not None:
        costs = np.where(barred, np.inf, costs)
    utility = utilities(costs, parties, parameters)
    _, logsum = nested_logsum(utility, parameters.nest_scale)
    logsum_min = -logsum / parameters.scale_per_min
    flat = (utility + parties.taste).reshape(len(parties), expected[1] * expected[2])
    best = np.argmax(flat, axis=1) if len(parties) else np.zeros(0, dtype=np.intp)
    mode, entrance = np.divmod(best, len(levels.entrances))
    comes = np.isfinite(logsum) & _comes(parties, logsum_min, reference_logsum_min, parameters)
    chosen = costs.reshape(flat.shape)[np.arange(len(parties)), best]
    return Choices(
        mode=np.where(comes, mode, STAYS_AWAY).astype(np.int8),
        entrance=np.where(comes, entrance, parties.home_entrance).astype(np.int16),
        generalised_cost_min=np.where(comes, chosen, np.nan),
        logsum_min=logsum_min,
    )


LATENT_POOL: Final = 0.3
"""Latent parties drawn per ordinary party: the most by which visits can grow."""


def _comes(
    parties: Parties,
    logsum_min: NDArray[np.float64],
    reference_min: NDArray[np.float64] | None,
    parameters: ChoiceParameters,
) -> NDArray[np.bool_]:
    """Decide who comes at all by the elasticity of visits."""
    if reference_min is None:
        return ~parties.latent
    if reference_min.shape != logsum_min.shape:
        raise DataError("choice: the reference has not one logsum for each party")
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(logsum_min - reference_min, nan=0.0)
    level = np.exp(-parameters.elasticity * change / parameters.reference_cost_min)
    rank = parties.draw("attendance")
    return np.asarray(np.where(parties.latent, LATENT_POOL * rank < level - 1, rank < level))
