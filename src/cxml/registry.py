"""Which models and families exist: two closed literal tables, resolved on demand.

No class name is ever taken from a file: a model folder names an entry of this table or is refused. This is the
one place where a shared module points up to a family, by name and not by import.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from cxml.contract import Family, Model
from cxml.errors import ConfigError, nearest

MODELS = {
    "churn/boosted": "cxml.churn.boosted:BoostedChurn",
    "churn/logistic": "cxml.churn.logistic:LogisticChurn",
    "churn/base_rate": "cxml.churn.baseline:BaseRateChurn",
    "churn/survival": "cxml.churn.survival:SurvivalChurn",
    "churn/life_table": "cxml.churn.survival:LifeTableChurn",
    "volume/auto": "cxml.volume.forecaster:AutoVolume",
    "volume/profile": "cxml.volume.forecaster:ProfileVolume",
    "volume/boosted": "cxml.volume.forecaster:BoostedVolume",
    "volume/weekday_mean": "cxml.volume.forecaster:WeekdayMeanVolume",
    "volume/seasonal_naive": "cxml.volume.forecaster:SeasonalNaiveVolume",
    "voc/linear": "cxml.voc.methods:LinearVoc",
    "voc/words": "cxml.voc.methods:WordsVoc",
    "voc/majority": "cxml.voc.majority:MajorityVoc",
    "voc/compact": "cxml.voc.methods:CompactVoc",
    "voc/transformer": "cxml.voc.methods:TransformerVoc",
    "voc/topics": "cxml.voc.topics.discovery:TopicModel",
    "offers/propensity": "cxml.offers.propensity:PropensityOffers",
    "offers/logistic": "cxml.offers.logistic:LogisticOffers",
    "offers/popular": "cxml.offers.popular:PopularOffers",
    "offers/affinity": "cxml.offers.affinity:AffinityOffers",
    "offers/cosine": "cxml.offers.affinity:CosineOffers",
    "offers/most_taken": "cxml.offers.affinity:MostTakenOffers",
    "offers/uplift": "cxml.offers.uplift:UpliftOffers",
    "anomaly/residual": "cxml.anomaly.methods:ResidualDetector",
    "anomaly/robust_z": "cxml.anomaly.methods:RobustZDetector",
    "anomaly/forest": "cxml.anomaly.methods:ForestDetector",
}

FAMILIES = {
    "churn": "cxml.churn.family:FAMILY",
    "volume": "cxml.volume.family:FAMILY",
    "voc": "cxml.voc.family:FAMILY",
    "offers": "cxml.offers.family:FAMILY",
    "anomaly": "cxml.anomaly.family:FAMILY",
}


def model_class(name: str) -> type[Model]:
    """Look a model class up by its registered name.

    Parameters
    ----------
    name : str
        ``family/method``, such as ``"churn/boosted"``.

    Raises
    ------
    ConfigError
        If no such model is registered.

    Examples
    --------
    >>> model_class("churn/boosted").__name__
    'BoostedChurn'
    >>> model_class("churn/bosted")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: A model is one of 'churn/boosted', 'churn/logistic', 'churn/base_rate', \
'churn/survival', 'churn/life_table', 'volume/auto', 'volume/profile', 'volume/boosted', 'volume/weekday_mean', \
'volume/seasonal_naive', 'voc/linear', 'voc/words', 'voc/majority', 'voc/compact', 'voc/transformer', 'voc/topics', \
'offers/propensity', 'offers/logistic', 'offers/popular', 'offers/affinity', 'offers/cosine', 'offers/most_taken', \
'offers/uplift', 'anomaly/residual', 'anomaly/robust_z', 'anomaly/forest' - got 'churn/bosted'. \
Did you mean 'churn/boosted'?
    """
    found: type[Model] = _resolve(name, "model")
    return found


def family(name: str) -> Family:
    """Look a family up by its name.

    Raises
    ------
    ConfigError
        If no such family is registered.

    Examples
    --------
    >>> family("churn").name
    'churn'
    """
    found: Family = _resolve(name, "family")
    return found


@cache
def _resolve(name: str, kind: str) -> Any:
    table = MODELS if kind == "model" else FAMILIES
    if name not in table:
        listed = ", ".join(map(repr, table))
        raise ConfigError(f"A {kind} is one of {listed} - got {name!r}.{nearest(str(name), table)}")
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)
