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
from cxml.metrics.effects import Effect, average_effect, effect_table
from cxml.metrics.events import BudgetCurve, Matches, budget_curve, event_figures, match_alerts
from cxml.metrics.experiment import ABTest, ab_test
from cxml.metrics.forecast import bias, mape, mase, seasonal_scale, smape, wape
from cxml.metrics.gains import GainsCurve, gains_curve
from cxml.metrics.intervals import Interval, bootstrap, difference_interval, standard_error
from cxml.metrics.labels import confusion_matrix, macro_f1, quadratic_kappa
from cxml.metrics.nab import nab_count, nab_normalised, nab_score, nab_sweep, window_rows
from cxml.metrics.off_policy import PolicyValue, observed_propensity, policy_value
from cxml.metrics.policy_differences import PolicyDifference, compare_policies, most_accepted
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
from cxml.metrics.ranking import average_precision_at, ndcg_at, precision_at, recall_at, reciprocal_rank_at
from cxml.metrics.survival import concordance_index
from cxml.metrics.uplift import auuc, qini_area, qini_coefficient, qini_curve, uplift_at
from cxml.metrics.uplift_intervals import bootstrap_uplift
from cxml.metrics.uplift_profit import incremental_profit_curve, maximum_profit_uplift
from cxml.metrics.vus import event_auc_pr, range_auc_pr, vus_pr

__all__ = [
    "ABTest",
    "BudgetCurve",
    "CampaignCosts",
    "Effect",
    "GainsCurve",
    "Interval",
    "Matches",
    "MaximumProfit",
    "PolicyDifference",
    "PolicyValue",
    "ProfitCurve",
    "ReliabilityTable",
    "ab_test",
    "auuc",
    "average_effect",
    "average_precision_at",
    "bias",
    "bootstrap",
    "bootstrap_uplift",
    "brier",
    "budget_curve",
    "campaign_profit",
    "compare_policies",
    "concordance_index",
    "confusion_matrix",
    "coverage",
    "crps",
    "difference_interval",
    "effect_table",
    "event_auc_pr",
    "event_figures",
    "expected_calibration_error",
    "expected_maximum_profit",
    "expected_profit",
    "gains_curve",
    "incremental_profit_curve",
    "interval_width",
    "lift",
    "log_loss",
    "macro_f1",
    "mape",
    "mase",
    "match_alerts",
    "maximum_profit",
    "maximum_profit_uplift",
    "most_accepted",
    "nab_count",
    "nab_normalised",
    "nab_score",
    "nab_sweep",
    "ndcg_at",
    "observed_propensity",
    "pinball_loss",
    "policy_value",
    "pr_auc",
    "precision_at",
    "profit_curve",
    "qini_area",
    "qini_coefficient",
    "qini_curve",
    "quadratic_kappa",
    "range_auc_pr",
    "recall_at",
    "reciprocal_rank_at",
    "reliability_table",
    "roc_auc",
    "seasonal_scale",
    "smape",
    "standard_error",
    "uplift_at",
    "vus_pr",
    "wape",
    "wilson_interval",
    "window_rows",
    "winkler_score",
]
