"""How good predictions are, in the units that decisions are made in, with intervals. Imports numpy only."""

from cxml.metrics.calibration import ReliabilityTable, reliability_table, wilson_interval
from cxml.metrics.classification import (
    brier,
    expected_calibration_error,
    lift,
    log_loss,
    pr_auc,
    roc_auc,
)
from cxml.metrics.gains import GainsCurve, gains_curve
from cxml.metrics.intervals import Interval, bootstrap, difference_interval
from cxml.metrics.profit import (
    CampaignCosts,
    MaximumProfit,
    ProfitCurve,
    campaign_profit,
    expected_maximum_profit,
    expected_profit,
    maximum_profit,
    profit_curve,
)
from cxml.metrics.survival import concordance_index

__all__ = [
    "CampaignCosts",
    "GainsCurve",
    "Interval",
    "MaximumProfit",
    "ProfitCurve",
    "ReliabilityTable",
    "bootstrap",
    "brier",
    "campaign_profit",
    "concordance_index",
    "difference_interval",
    "expected_calibration_error",
    "expected_maximum_profit",
    "expected_profit",
    "gains_curve",
    "lift",
    "log_loss",
    "maximum_profit",
    "pr_auc",
    "profit_curve",
    "reliability_table",
    "roc_auc",
    "wilson_interval",
]
