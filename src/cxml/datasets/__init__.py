"""Data to try cxml on: invented customers and contacts whose truth is known, and three public sets.

>>> from cxml.datasets import make_customers
>>> make_customers(3).frame.shape
(3, 14)
"""

from cxml.datasets.contacts import Contacts, make_contacts
from cxml.datasets.customers import Customers, make_customers, make_snapshots
from cxml.datasets.public import Dataset, load_bank_calls, load_mlc, load_telco

__all__ = [
    "Contacts",
    "Customers",
    "Dataset",
    "load_bank_calls",
    "load_mlc",
    "load_telco",
    "make_contacts",
    "make_customers",
    "make_snapshots",
]
