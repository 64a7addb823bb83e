"""What key figures and their units are called, in English, Finnish and Swedish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from lastmile.places import Language

_FIGURES: Final[dict[str, tuple[str, str, str]]] = {
    "visitors": ("Visitors", "Kävijöitä", "Besökare"),
    "visitors_turned_away": (
        "Visitors turned away",
        "Poiskäännytettyjä kävijöitä",
        "Besökare som fick vända",
    ),
    "cars_arrived": ("Cars arriving", "Saapuvia autoja", "Bilar som anländer"),
    "cars_parked": ("Cars parked", "Pysäköityjä autoja", "Parkerade bilar"),
    "cars_diverted": (
        "Cars driving on to another entrance",
        "Toiselle portille jatkavia autoja",
        "Bilar som kör vidare till en annan entré",
    ),
    "cars_roadside": ("Cars at the roadside", "Autoja tien varressa", "Bilar vid vägkanten"),
    "cars_turned_away": ("Cars turned away", "Poiskäännytettyjä autoja", "Bilar som fick vända"),
    "parking_full_min": ("Car parks full", "Pysäköintialueet täynnä", "Parkeringarna fulla"),
    "parking_peak_occupancy": ("Largest occupancy", "Suurin täyttöaste", "Högsta beläggning"),
    "search_s_mean": (
        "Search for a space, mean",
        "Paikan etsintä keskimäärin",
        "Letande efter plats, i medeltal",
    ),
    "shuttle_boardings": (
        "Shuttle passengers",
        "Pikkubussin matkustajia",
        "Minibussens passagerare",
    ),
    "shuttle_left_behind": (
        "Left behind by a full shuttle",
        "Täyden pikkubussin takia pysäkille jääneitä",
        "Kvarlämnade av en full minibuss",
    ),
    "shuttle_wait_s_mean": (
        "Wait for the shuttle, mean",
        "Pikkubussin odotus keskimäärin",
        "Väntan på minibussen, i medeltal",
    ),
    "shuttle_wait_s_p90": (
        "Wait for the shuttle, 1 in 10 longer",
        "Pikkubussin odotus, joka kymmenes odottaa pidempään",
        "Väntan på minibussen, var tionde längre",
    ),
    "shuttle_load_factor": (
        "Seats of the shuttle in use",
        "Pikkubussin istuimista käytössä",
        "Minibussens sittplatser i bruk",
    ),
    "shuttle_missed_connections": (
        "Missed connections",
        "Menetettyjä vaihtoyhteyksiä",
        "Missade anslutningar",
    ),
    "bus_boardings": ("Bus passengers", "Bussin matkustajia", "Busspassagerare"),
    "bus_left_behind": (
        "Left behind by a full bus",
        "Täyden bussin takia pysäkille jääneitä",
        "Kvarlämnade av en full buss",
    ),
    "bus_wait_s_mean": (
        "Wait for the bus, mean",
        "Bussin odotus keskimäärin",
        "Väntan på bussen, i medeltal",
    ),
    "bike_trips": ("Hired bikes ridden", "Matkoja vuokrapyörillä", "Resor med hyrcykel"),
    "bike_no_bike": ("No bike to hire", "Ei vapaata pyörää", "Ingen ledig cykel"),
    "bike_no_dock": ("No dock for the bike", "Ei vapaata telinettä", "Inget ledigt ställ"),
    "stranded": ("Without a way home", "Vailla paluukyytiä", "Utan skjuts hem"),
    "mode_share_car": ("Come by car", "Autolla tulevia", "Kommer med bil"),
    "mode_share_bus": ("Come by bus", "Bussilla tulevia", "Kommer med buss"),
    "mode_share_shuttle": ("Come by shuttle", "Pikkubussilla tulevia", "Kommer med minibuss"),
    "mode_share_bike": ("Come by bike", "Pyörällä tulevia", "Kommer med cykel"),
    "mode_share_walk": ("Come on foot", "Kävellen tulevia", "Kommer till fots"),
    "car_km": ("Driven by car", "Autoilla ajettu", "Körsträcka med bil"),
    "co2_kg": ("Emissions", "Päästöt", "Utsläpp"),
    "operating_cost_eur": ("Cost of operation", "Liikennöinnin kustannus", "Trafikeringskostnad"),
    "total_cost_eur": ("Cost in all", "Kustannukset yhteensä", "Kostnader totalt"),
    "fare_revenue_eur": ("Fares", "Lipputulot", "Biljettintäkter"),
    "parking_revenue_eur": ("Parking fees", "Pysäköintimaksut", "Parkeringsavgifter"),
    "subsidy_per_passenger_eur": (
        "Subsidy for each passenger",
        "Tuki matkustajaa kohti",
        "Stöd per passagerare",
    ),
    "shuttle_cost_eur": ("Cost of the shuttles", "Pikkubussien kustannus", "Minibussarnas kostnad"),
    "break_even_fare_eur": (
        "Fare that would pay for the shuttle",
        "Lippuhinta, joka kattaisi pikkubussin kulut",
        "Biljettpris som skulle täcka minibussen",
    ),
    "season_cost_eur": ("Cost of a season", "Kauden kustannus", "Säsongens kostnad"),
    "vehicle_hours": ("Vehicle hours", "Ajoneuvotunnit", "Fordonstimmar"),
    "vehicle_km": ("Vehicle kilometres", "Ajoneuvokilometrit", "Fordonskilometer"),
    "generalised_cost_min_mean": (
        "What a trip costs people, in minutes",
        "Matkan vaiva minuutteina",
        "Resans uppoffring i minuter",
    ),
    "consumer_surplus_eur": ("What visitors gain", "Kävijöiden hyöty", "Besökarnas nytta"),
    "trail_crowding_peak": (
        "Most people on the trails at once",
        "Ihmisiä poluilla enimmillään",
        "Människor på lederna som mest",
    ),
    "bookings_refused": ("Bookings refused", "Evättyjä varauksia", "Nekade bokningar"),
    "cost_per_car_kept_away_eur": (
        "Cost of each car kept away",
        "Yhden pois jäävän auton hinta",
        "Kostnad per bil som uteblir",
    ),
}
_UNITS: Final[dict[str, tuple[str, str, str]]] = {
    "persons": ("people", "henkilöä", "personer"),
    "person-events": ("times", "kertaa", "gånger"),
    "bike-events": ("times", "kertaa", "gånger"),
    "cars": ("cars", "autoa", "bilar"),
    "rides": ("rides", "matkaa", "resor"),
    "parties": ("parties", "seuruetta", "sällskap"),
    "share": ("%, change in pp", "%, muutos %-yks.", "%, ändring i procentenheter"),
    "EUR": ("€", "€", "€"),
}
_LANGUAGES: Final[tuple[Language, ...]] = ("en", "fi", "sv")


def figure_name(name: str, language: Language) -> str:
    """Return what a key figure is called, with its entrance where it has one.

    Parameters
    ----------
    name
        As in `simulation.kpis.KPIS`, or with an entrance: ``visitors.haltia``.
    language
        "en", "fi" or "sv".
    """
    stem, _, entrance = name.partition(".")
    said = _FIGURES[stem][_LANGUAGES.index(language)]
    return f"{said}, {Gazetteer.bundled()[entrance].name(language)}" if entrance else said


def unit_name(unit: str, language: Language) -> str:
    """Return what a key figure's unit is called; those of physics are the same everywhere."""
    names = _UNITS.get(unit)
    return unit if names is None else names[_LANGUAGES.index(language)]
