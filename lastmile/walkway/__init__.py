"""Access from the metro to the Waterfront Walkway (Rantaraitti): who reaches the sea, and how.

``shore`` holds the stations and the shore, ``catchments`` the ways between them, ``wayfinding``
how hard they are to find, ``signs`` and ``links`` what would help most, ``bikes`` the city bikes
and ``strolls`` the walks along the sea.
"""
