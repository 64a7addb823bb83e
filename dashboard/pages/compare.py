"""Being built."""


def page() -> None: ...
