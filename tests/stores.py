"""Work in a folder with a tracking store of its own: for fixtures that outlive one test."""

import warnings
from contextlib import contextmanager

import pytest


@contextmanager
def working_in(place, uri):
    """Work in a folder with a tracking store, outside of any one test."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # Whether a font with Korean letters is installed is no matter of tracking.
        warnings.filterwarnings("ignore", "A picture needs a font")
        warnings.filterwarnings("ignore", "The ``noload`` loader strategy is deprecated")
        warnings.filterwarnings("ignore", ".*An input example was not provided")
        patch.chdir(place)
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        patch.delenv("MLFLOW_REGISTRY_URI", raising=False)
        yield
