"""Data to try cxml on: invented customers, contacts, comments, offers and metrics of known truth, and public sets.

>>> from cxml.datasets import make_customers
>>> make_customers(3).frame.shape
(3, 14)
"""

from cxml.datasets.comments import Comments, make_comments
from cxml.datasets.company import Company, CompanyTruth, make_company
from cxml.datasets.contacts import Contacts, make_contacts
from cxml.datasets.customers import Customers, make_customers, make_snapshots
from cxml.datasets.metrics import Metrics, make_metrics
from cxml.datasets.offers import Offers, make_offers, true_acceptance
from cxml.datasets.personal_data import PersonalTexts, make_personal_data
from cxml.datasets.public import Dataset, load_bank_calls, load_caravan, load_mlc, load_movielens, load_telco
from cxml.datasets.segments import Segments, make_segments

__all__ = [
    "Comments",
    "Company",
    "CompanyTruth",
    "Contacts",
    "Customers",
    "Dataset",
    "Metrics",
    "Offers",
    "PersonalTexts",
    "Segments",
    "load_bank_calls",
    "load_caravan",
    "load_mlc",
    "load_movielens",
    "load_telco",
    "make_comments",
    "make_company",
    "make_contacts",
    "make_customers",
    "make_metrics",
    "make_offers",
    "make_personal_data",
    "make_segments",
    "make_snapshots",
    "true_acceptance",
]
