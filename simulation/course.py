"""The course of a day: who goes from which component to which, from setting out to home."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulation.bikeshare import BikeNetwork, Cyclist, draw_cyclists
from simulation.booking import BookingDesk
from simulation.departures import Departures
from simulation.eventlog import Kind
from simulation.model import told_share
from simulation.parking import Car, ParkingArea, ParkingLot
from simulation.parties import (
    BUS,
    CAR,
    CITYBIKE,
    DRAWS,
    SHUTTLE,
    STAYS_AWAY,
)
from simulation.shuttle import Rider, ShuttleLine, draw_luck
from simulation.stage import Stage
from simulation.trails import Trails

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from simulation.model import DayModel
    from simulation.parties import Choices, Parties, Rides
    from simulation.rng import Streams

_DIVERT, _SIGNS, _BOOKING, _NO_SHOW, _PATIENCE, _MARGIN = (
    DRAWS.index(name)
    for name in ("divert", "signs", "booking", "no_show", "ride_patience", "stop_margin")
)


class Course:
    """The components of one day, and who goes from which to which."""

    def __init__(
        self, model: DayModel, parties: Parties, chosen: Sequence[Choices], streams: Streams
    ) -> None:
        self.model = model
        self.stage = Stage()
        self.arrival_s: list[float] = parties.arrival_s.tolist()
        self.size: list[int] = parties.size.tolist()
        self.zone: list[int] = parties.zone.tolist()
        self.stay_s: list[float] = parties.stay_s.tolist()
        self.draws: list[list[float]] = parties.draws.tolist()
        self.modes: list[list[int]] = [choices.mode.tolist() for choices in chosen]
        self.goals: list[list[int]] = [choices.entrance.tolist() for choices in chosen]
        self.mode = list(self.modes[0])
        self.entrance = list(self.goals[0])
        self.told_share = told_share(model)
        self.tried_lines: dict[int, set[int]] = {}
        self.planned_s: dict[int, float] = {}
        self.booked: dict[int, int] = {}
        self.trails = Trails(self.stage, len(model.entrances))
        self.lots = [ParkingLot(index, spec) for index, spec in enumerate(model.car_parks)]
        self.areas = [
            ParkingArea(
                self.stage,
                index,
                entrance,
                [self.lots[lot] for lot in model.lots_of(index)],
                habits=model.habits.parking,
                on_parked=self._car_parked,
                on_left=self._car_left,
                on_full=self._car_found_no_place,
            )
            for index, entrance in enumerate(model.entrances)
        ]
        self.lines = [
            ShuttleLine(
                self.stage,
                index,
                service,
                draw_luck(service, streams.generator(f"service:{service.id}")),
                on_alighted=self._alighted,
                on_no_ride=self._found_no_ride,
            )
            for index, service in enumerate(model.services)
        ]
        self.plans: dict[tuple[int, int, int], Departures] = {}
        self.bikes: BikeNetwork | None = None
        if model.bikeshare is not None:
            self.bikes = BikeNetwork(
                self.stage,
                model.bikeshare,
                on_arrived=self._cycled,
                on_no_bike=self._found_no_bike,
            )
            cyclists = draw_cyclists(model.bikeshare, streams.generator("bikeshare"))
            self.stage.process(self._cyclists(cyclists))
        self._book()
        self.stage.process(self._source())

    # --- before leaving home

    def _book(self) -> None:
        """Book places, in the order in which people think of it; the refused choose again."""
        desk = BookingDesk(self.model.car_parks, _horizon(self.arrival_s, self.stay_s))
        takes = [desk.takes_bookings(index) for index in range(len(self.areas))]
        if not any(takes):
            return
        order = sorted(range(len(self.mode)), key=lambda party: self.draws[party][_BOOKING])
        refusals = 0
        for party in order:
            turn = 0
            while self.mode[party] == CAR and takes[self.entrance[party]]:
                lot = desk.book(self.entrance[party], self.arrival_s[party], self.stay_s[party])
                if lot is not None:
                    self.booked[party] = lot
                    break
                refusals += 1
                self.stage.record(
                    Kind.BOOKING_REFUSED,
                    party,
                    self.entrance[party],
                    self.size[party],
                    refusals,
                )
                turn += 1
                self._choose_again(party, turn)
            if turn and self.mode[party] == STAYS_AWAY:
                self.stage.record(
                    Kind.TURNED_AWAY, party, self.goals[0][party], self.size[party], CAR
                )

    def _choose_again(self, party: int, turn: int) -> None:
        """Take the party's next choice; it stays at home when it has none left."""
        if turn < len(self.modes):
            self.mode[party] = self.modes[turn][party]
            self.entrance[party] = self.goals[turn][party]
        else:
            self.mode[party] = STAYS_AWAY

    def _source(self) -> Generator[Any, Any, None]:
        """Let every party set out in its time: the one process for all of them."""
        due = sorted(
            (self._starts_s(party), party)
            for party, mode in enumerate(self.mode)
            if mode != STAYS_AWAY
        )
        for start_s, party in due:
            if start_s > self.stage.now:
                yield self.stage.until(start_s)
            self._set_out(party)

    def _starts_s(self, party: int) -> float:
        """Return when a party first does something: looks at a sign, comes to a stop."""
        mode, entrance = self.mode[party], self.entrance[party]
        arrival_s = self.arrival_s[party]
        if mode == CAR and party not in self.booked and self._looks_at_signs(party, entrance):
            return max(arrival_s - self._drive_s(party, entrance), 0.0)
        if mode in (BUS, SHUTTLE):
            return self._plan(party, 0.0)
        if mode == CITYBIKE and self.model.bikeshare is not None:
            share, rides = self.model.bikeshare, self.model.access.citybike
            zone = self.zone[party]
            metres = share.ride_m[rides.board[zone, entrance], rides.alight[zone, entrance]]
            ride_s = float(metres) / share.speed_ms + share.rent_s + share.return_s
            return max(arrival_s - ride_s - float(rides.egress_s[zone, entrance]), 0.0)
        return arrival_s

    def _looks_at_signs(self, party: int, entrance: int) -> bool:
        """Say whether a party knows before leaving if the car parks are full."""
        return self.draws[party][_SIGNS] < self.told_share[entrance]

    def _drive_s(self, party: int, entrance: int) -> float:
        return float(self.model.access.drive_s[self.zone[party], entrance])

    def _set_out(self, party: int) -> None:
        mode, entrance = self.mode[party], self.entrance[party]
        if mode == CAR:
            lot = self.booked.get(party)
            if lot is not None:
                self._drive_to_booking(party, lot)
            elif self._looks_at_signs(party, entrance):
                self._heed(party)
            else:
                self._record_start(party)
                self.areas[entrance].arrive(self._car(party))
        elif mode in (BUS, SHUTTLE):
            self._record_start(party)
            self._go_to_stop(party)
        elif mode == CITYBIKE:
            self._record_start(party)
            self._go_for_bike(party)
        else:
            self._record_start(party)
            self._walk_in(party)

    def _record_start(self, party: int) -> None:
        self.stage.record(
            Kind.SETS_OUT, party, self.entrance[party], self.size[party], self.mode[party]
        )

    def _heed(self, party: int) -> None:
        """Look whether there is room; where there is none, choose again."""
        now = self.stage.now
        turn = 0
        while (
            self.mode[party] == CAR
            and party not in self.booked
            and self._looks_at_signs(party, self.entrance[party])
            and self.areas[self.entrance[party]].looks_full(now)
        ):
            full = self.entrance[party]
            turn += 1
            self._choose_again(party, turn)
            self.stage.record(Kind.SIGN_HEEDED, party, full, self.size[party], self.mode[party])
        mode, entrance = self.mode[party], self.entrance[party]
        if mode == STAYS_AWAY:
            self.stage.record(Kind.TURNED_AWAY, party, self.goals[0][party], self.size[party], CAR)
        elif mode == CAR:
            self._record_start(party)
            self.stage.after(self._drive_s(party, entrance), self._drives_up, party)
        elif mode in (BUS, SHUTTLE):
            self.stage.after(self._plan(party, now) - now, self._changes_mode, party)
        else:
            wait_s = max(self.arrival_s[party] - now, 0.0)
            self.stage.after(wait_s, self._changes_mode, party)

    def _drives_up(self, event: Any) -> None:  # noqa: ANN401 - a SimPy event
        party = event._value  # noqa: SLF001 - the hot path
        self.areas[self.entrance[party]].arrive(self._car(party))

    def _changes_mode(self, event: Any) -> None:  # noqa: ANN401
        self._set_out(event._value)  # noqa: SLF001

    # --- by car

    def _car(self, party: int) -> Car:
        return Car(party, self.size[party], self.stay_s[party], self.draws[party])

    def _drive_to_booking(self, party: int, lot: int) -> None:
        spec = self.model.car_parks[lot]
        if self.draws[party][_NO_SHOW] < spec.no_show:
            self.stage.record(Kind.BOOKING_LAPSES, party, lot, self.size[party], self.stay_s[party])
            return
        self._record_start(party)
        self.areas[self.entrance[party]].park_booked(self._car(party), self.lots[lot])

    def _car_parked(self, car: Car) -> None:
        entrance = car.visited[-1]
        self.entrance[car.party] = entrance
        self.trails.enter(car.party, entrance, car.people)

    def _car_left(self, car: Car) -> None:
        entrance = self.entrance[car.party]
        self.trails.leave(car.party, entrance, car.people)
        self.stage.record(Kind.HOME, car.party, entrance, car.people, CAR)

    def _car_found_no_place(self, car: Car) -> None:
        """Drive on to the nearest entrance not yet tried, or give up."""
        here = car.visited[-1]
        habits = self.model.habits.parking
        if len(car.visited) <= habits.diversions and car.draw(_DIVERT) < habits.divert_share:
            there = self._nearest_other(here, car.visited)
            if there is not None:
                self.stage.record(
                    Kind.CAR_DIVERTS,
                    car.party,
                    there,
                    car.people,
                    float(self.model.between_m[here, there]),
                )
                drive_s = float(self.model.between_s[here, there])
                self.stage.after(drive_s, self._reaches_other, (car, there))
                return
        self.stage.record(Kind.CAR_TURNED_AWAY, car.party, here, car.people, car.searched_s)
        self.stage.record(Kind.TURNED_AWAY, car.party, here, car.people, CAR)

    def _nearest_other(self, here: int, visited: tuple[int, ...]) -> int | None:
        best, best_s = None, math.inf
        for there, area in enumerate(self.areas):
            drive_s = float(self.model.between_s[here, there])
            if area.lots and there not in visited and drive_s < best_s:
                best, best_s = there, drive_s
        return best

    def _reaches_other(self, event: Any) -> None:  # noqa: ANN401
        car, entrance = event._value  # noqa: SLF001
        self.areas[entrance].arrive(car)

    # --- on foot, by bike, and in the park

    def _walk_in(self, party: int) -> None:
        self.trails.enter(party, self.entrance[party], self.size[party])
        self.stage.after(self.stay_s[party], self._walks_out, party)

    def _walks_out(self, event: Any) -> None:  # noqa: ANN401
        """End a party's stay: home the way it came, or by what is left of the day."""
        party = event._value  # noqa: SLF001
        mode, entrance = self.mode[party], self.entrance[party]
        if mode in (BUS, SHUTTLE):
            self._ride_home(party)
        elif mode == CITYBIKE and self.bikes is not None:
            self.trails.leave(party, entrance, self.size[party])
            rides, zone = self.model.access.citybike, self.zone[party]
            cyclist = Cyclist(
                party,
                self.size[party],
                int(rides.alight[zone, entrance]),
                int(rides.board[zone, entrance]),
                homeward=True,
            )
            walk_s = float(rides.egress_s[zone, entrance])
            self.stage.after(walk_s, self._hires, cyclist)
        else:
            self.trails.leave(party, entrance, self.size[party])
            self.stage.record(Kind.HOME, party, entrance, self.size[party], mode)

    # --- by scheduled line

    def _rides(self, mode: int) -> Rides:
        return self.model.access.shuttle if mode == SHUTTLE else self.model.access.bus

    def _departures(self, service: int, board: int, alight: int) -> Departures:
        key = (service, board, alight)
        if key not in self.plans:
            self.plans[key] = Departures(self.lines[service], board, alight)
        return self.plans[key]

    def _plan(self, party: int, earliest_s: float) -> float:
        """Choose the departure to take; return when the party comes to the stop, s."""
        entrance, zone = self.entrance[party], self.zone[party]
        rides = self._rides(self.mode[party])
        service = int(rides.service[zone, entrance])
        if service < 0:
            return max(self.arrival_s[party], earliest_s)
        board, alight = int(rides.board[zone, entrance]), int(rides.alight[zone, entrance])
        margin_s = self.model.habits.stop_margin_s * (0.5 + self.draws[party][_MARGIN])
        at_stop_s, self.planned_s[party] = self._departures(service, board, alight).plan(
            self.arrival_s[party] - float(rides.egress_s[zone, entrance]),
            earliest_s,
            margin_s,
            by_feeder=bool(rides.by_feeder[zone, entrance]),
        )
        return at_stop_s

    def _go_to_stop(self, party: int) -> None:
        """Wait for the vehicle one has planned to take; say so when it has just gone."""
        rides, zone = self._rides(self.mode[party]), self.zone[party]
        service = int(rides.service[zone, self.entrance[party]])
        if service < 0:
            self._turn_away(party)
            return
        self.tried_lines.setdefault(party, set()).add(service)
        board = int(rides.board[zone, self.entrance[party]])
        alight = int(rides.alight[zone, self.entrance[party]])
        line = self.lines[service]
        if line.has_gone(board, alight, self.planned_s[party]):
            late_s = self.stage.now - self.planned_s[party]
            self.stage.record(Kind.CONNECTION_MISSED, party, service, self.size[party], late_s)
        line.wait(self._rider(party, board, alight, homeward=False))

    def _rider(self, party: int, board: int, alight: int, *, homeward: bool) -> Rider:
        patience_s = math.inf
        if math.isfinite(self.model.habits.ride_patience_s):
            uniform = self.draws[party][_PATIENCE]
            patience_s = -self.model.habits.ride_patience_s * math.log1p(-uniform)
        return Rider(party, self.size[party], board, alight, homeward, patience_s)

    def _alighted(self, rider: Rider) -> None:
        party = rider.party
        if rider.homeward:
            self.stage.record(
                Kind.HOME, party, self.entrance[party], self.size[party], self.mode[party]
            )
            return
        rides = self._rides(self.mode[party])
        egress_s = float(rides.egress_s[self.zone[party], self.entrance[party]])
        self.stage.after(egress_s, self._reaches_park, party)

    def _reaches_park(self, event: Any) -> None:  # noqa: ANN401
        self._walk_in(event._value)  # noqa: SLF001

    def _found_no_ride(self, rider: Rider) -> None:
        """Choose again at the stop: the other line there, or home again."""
        party = rider.party
        if rider.homeward:
            self._wait_for_other_way_home(party)
            return
        self.stage.record(
            Kind.RIDE_GIVES_UP,
            party,
            int(self._rides(self.mode[party]).service[self.zone[party], self.entrance[party]]),
            self.size[party],
            self.stage.now - rider.since_s,
        )
        other = BUS if self.mode[party] == SHUTTLE else SHUTTLE
        rides = self._rides(other)
        service = int(rides.service[self.zone[party], self.entrance[party]])
        if service < 0 or service in self.tried_lines[party]:
            self._turn_away(party)
            return
        self.mode[party] = other
        self._record_start(party)
        self._plan(party, self.stage.now)
        self._go_to_stop(party)

    def _turn_away(self, party: int) -> None:
        self.stage.record(
            Kind.TURNED_AWAY, party, self.entrance[party], self.size[party], self.mode[party]
        )

    # --- the way home by line

    def _ways_home(self, party: int) -> list[tuple[float, float, int, int, int, float]]:
        """Return the lines home by arrival: (arrival, departure, service, stops, walk)."""
        zone, entrance = self.zone[party], self.entrance[party]
        ways = []
        for mode in (SHUTTLE, BUS):
            rides = self._rides(mode)
            service = int(rides.service[zone, entrance])
            if service < 0:
                continue
            walk_s = float(rides.egress_s[zone, entrance])
            board, alight = int(rides.alight[zone, entrance]), int(rides.board[zone, entrance])
            found = self._departures(service, board, alight).following(self.stage.now + walk_s)
            if found is not None:
                departure_s, arrival_s = found
                home_s = arrival_s + float(rides.access_s[zone, entrance])
                ways.append((home_s, departure_s, service, board, alight, walk_s))
        return sorted(ways)

    def _ride_home(self, party: int) -> None:
        """Leave for the stop, or stay in the park until it is time to."""
        ways = self._ways_home(party)
        if ways:
            _, departure_s, _, _, _, walk_s = ways[0]
            habits = self.model.habits
            spare_s = departure_s - self.stage.now - walk_s
            if spare_s > habits.plan_ahead_s:
                wait_s = max(spare_s - 2 * habits.stop_margin_s, 0.0)
                self.stage.after(wait_s, self._leaves_for_stop, party)
                return
        self._leave_for_stop(party)

    def _leaves_for_stop(self, event: Any) -> None:  # noqa: ANN401
        self._leave_for_stop(event._value)  # noqa: SLF001

    def _leave_for_stop(self, party: int) -> None:
        self.trails.leave(party, self.entrance[party], self.size[party])
        self.tried_lines[party] = set()
        self._wait_for_other_way_home(party)

    def _wait_for_other_way_home(self, party: int) -> None:
        """Go to the stop of the best line not yet tried; else wait on where one still comes."""
        tried = self.tried_lines[party]
        ways = self._ways_home(party)
        for _, _, service, board, alight, walk_s in ways:
            if service not in tried:
                tried.add(service)
                rider = self._rider(party, board, alight, homeward=True)
                self.stage.after(walk_s, self._at_stop_home, (service, rider))
                return
        for _, departure_s, service, board, alight, _ in ways:
            if departure_s > self.stage.now:
                rider = self._rider(party, board, alight, homeward=True)
                rider.patience_s = math.inf
                self.lines[service].wait(rider)
                return
        self.stage.record(
            Kind.STRANDED, party, self.entrance[party], self.size[party], self.mode[party]
        )

    def _at_stop_home(self, event: Any) -> None:  # noqa: ANN401
        service, rider = event._value  # noqa: SLF001
        self.lines[service].wait(rider)

    # --- by hired bike

    def _cyclists(self, cyclists: list[tuple[float, Cyclist]]) -> Generator[Any, Any, None]:
        """Let the riders come who have nothing to do with the park."""
        for time_s, cyclist in cyclists:
            yield self.stage.until(time_s)
            if self.bikes is not None:
                self.bikes.hire(cyclist)

    def _go_for_bike(self, party: int) -> None:
        rides, zone, entrance = self.model.access.citybike, self.zone[party], self.entrance[party]
        if self.bikes is None or rides.service[zone, entrance] < 0:
            self._turn_away(party)
            return
        self.bikes.hire(
            Cyclist(
                party,
                self.size[party],
                int(rides.board[zone, entrance]),
                int(rides.alight[zone, entrance]),
            )
        )

    def _hires(self, event: Any) -> None:  # noqa: ANN401
        if self.bikes is not None:
            self.bikes.hire(event._value)  # noqa: SLF001

    def _cycled(self, cyclist: Cyclist) -> None:
        party = cyclist.party
        if party < 0:
            if not math.isnan(cyclist.stay_s):
                back = Cyclist(-1, 1, cyclist.destination, cyclist.origin, homeward=True)
                self.stage.after(cyclist.stay_s, self._hires, back)
        elif cyclist.homeward:
            self.stage.record(Kind.HOME, party, self.entrance[party], self.size[party], CITYBIKE)
        else:
            rides = self.model.access.citybike
            egress_s = float(rides.egress_s[self.zone[party], self.entrance[party]])
            self.stage.after(egress_s, self._reaches_park, party)

    def _found_no_bike(self, cyclist: Cyclist) -> None:
        """Choose again: a scheduled line, there or home."""
        party = cyclist.party
        if party < 0:
            return
        if cyclist.homeward:
            self.tried_lines[party] = set()
            self._wait_for_other_way_home(party)
            return
        for mode in (SHUTTLE, BUS):
            if self._rides(mode).service[self.zone[party], self.entrance[party]] >= 0:
                self.mode[party] = mode
                self._record_start(party)
                self._plan(party, self.stage.now)
                self._go_to_stop(party)
                return
        self._turn_away(party)


def _horizon(arrival_s: list[float], stay_s: list[float]) -> float:
    """Return when the last party leaves, s."""
    return max((a + s for a, s in zip(arrival_s, stay_s, strict=True)), default=0.0)
