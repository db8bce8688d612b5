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
from cxml.metrics.distribution import coverage, crps, interval_width, pinball_loss, winkler_score
from cxml.metrics.forecast import bias, mape, mase, seasonal_scale, smape, wape
from cxml.metrics.gains import GainsCurve, gains_curve
from cxml.metrics.intervals import Interval, bootstrap, difference_interval, standard_error
from cxml.metrics.labels import confusion_matrix, macro_f1, quadratic_kappa
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
    "bias",
    "bootstrap",
    "brier",
    "campaign_profit",
    "concordance_index",
    "confusion_matrix",
    "coverage",
    "crps",
    "difference_interval",
    "expected_calibration_error",
    "expected_maximum_profit",
    "expected_profit",
    "gains_curve",
    "interval_width",
    "lift",
    "log_loss",
    "macro_f1",
    "mape",
    "mase",
    "maximum_profit",
    "pinball_loss",
    "pr_auc",
    "profit_curve",
    "quadratic_kappa",
    "reliability_table",
    "roc_auc",
    "seasonal_scale",
    "smape",
    "standard_error",
    "wape",
    "wilson_interval",
    "winkler_score",
]
