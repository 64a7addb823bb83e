"""A small sound feed that tests may spoil."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SOUND = {
    "agency": """agency_id,agency_name,agency_url,agency_timezone
A,Espoon bussit,https://a.example,Europe/Helsinki
""",
    "stops": """stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id,location_type,\
parent_station,platform_code,wheelchair_boarding
K,,Kamppi,60.1690,24.9320,A,1,,,1
K1,H1249,Kamppi,60.1688,24.9315,A,0,K,51,0
T1,E2210,Tapiola (M),60.1755,24.8040,B,0,,,2
N1,E1977,"Haltia, Nuuksio",60.2880,24.6100,C,0,,,0
""",
    "routes": """route_id,agency_id,route_short_name,route_long_name,route_type
R1,A,245,Kamppi - Nuuksio,3
""",
    "calendar": """service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,\
end_date
W,1,1,1,1,1,0,0,20260101,20261231
""",
    "trips": """route_id,service_id,trip_id,trip_headsign,direction_id
R1,W,t1,Nuuksio,0
R1,W,t2,Nuuksio,0
""",
    "stop_times": """trip_id,arrival_time,departure_time,stop_id,stop_sequence
t1,08:00:00,08:00:00,K1,1
t1,08:20:00,08:21:00,T1,2
t1,08:50:00,08:50:00,N1,3
t2,09:00:00,09:00:00,K1,1
t2,09:20:00,09:21:00,T1,2
t2,09:50:00,09:50:00,N1,3
""",
}


def zip_of(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
