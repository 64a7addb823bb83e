"""Where data comes from: the bundle that is shipped, and data sets the user built.

The bundle is the folder ``data/``; ``data/SOURCES.toml`` names for every file its source, date,
licence, confidence and SHA-256. Nothing is read from it before its hash is checked. A data set the
user built (``lastmile data build``) takes the place of the part of the bundle of its kind.
"""

from lastmile.datasets.bundle import (
    SOURCES_FILE,
    Bundle,
    Source,
    bundle_path,
    default_bundle,
    read_bundle,
    read_table,
    sources,
    verified_path,
)
from lastmile.datasets.status import DatasetStatus, status
from lastmile.datasets.user import (
    DATA_DIR_VARIABLE,
    KINDS,
    DatasetKind,
    Manifest,
    UserDataset,
    active,
    install_dataset,
    remove,
    user_data_dir,
)

__all__ = [
    "DATA_DIR_VARIABLE",
    "KINDS",
    "SOURCES_FILE",
    "Bundle",
    "DatasetKind",
    "DatasetStatus",
    "Manifest",
    "Source",
    "UserDataset",
    "active",
    "bundle_path",
    "default_bundle",
    "install_dataset",
    "read_bundle",
    "read_table",
    "remove",
    "sources",
    "status",
    "user_data_dir",
    "verified_path",
]
