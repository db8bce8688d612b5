"""Pictures of what `cxml.metrics` computes: each takes data and gives a matplotlib Figure, never shown by itself.

Importing this package loads no matplotlib, and drawing changes none of its settings: no pyplot, no rcParams.
A figure made here shows itself when it is the last line of a notebook cell; with ``ax=`` a picture is drawn
into the caller's axes, and the colours of its text follow theirs.
"""

from cxml.plots.anomaly import plot_alert_calendar, plot_anomalies
from cxml.plots.causes import plot_root_causes
from cxml.plots.classification import plot_gains, plot_lift, plot_reliability
from cxml.plots.comparison import plot_comparison
from cxml.plots.detection import plot_budget_curve, plot_delay
from cxml.plots.forecast import plot_fan, plot_interval_calibration, plot_lead_times
from cxml.plots.offers import plot_acceptance_by_offer, plot_fates, plot_limits, plot_policy_values
from cxml.plots.patterns import plot_day_shape, plot_effects
from cxml.plots.profit import plot_profit
from cxml.plots.reasons import plot_importance, plot_reasons
from cxml.plots.staffing import plot_staffing
from cxml.plots.survival import plot_survival
from cxml.plots.topics import plot_emerging, plot_topics
from cxml.plots.uplift import plot_uplift_curve, plot_uplift_deciles
from cxml.plots.voice import plot_drivers, plot_journey, plot_pareto

__all__ = [
    "plot_acceptance_by_offer",
    "plot_alert_calendar",
    "plot_anomalies",
    "plot_budget_curve",
    "plot_comparison",
    "plot_day_shape",
    "plot_delay",
    "plot_drivers",
    "plot_effects",
    "plot_emerging",
    "plot_fan",
    "plot_fates",
    "plot_gains",
    "plot_importance",
    "plot_interval_calibration",
    "plot_journey",
    "plot_lead_times",
    "plot_lift",
    "plot_limits",
    "plot_pareto",
    "plot_policy_values",
    "plot_profit",
    "plot_reasons",
    "plot_reliability",
    "plot_root_causes",
    "plot_staffing",
    "plot_survival",
    "plot_topics",
    "plot_uplift_curve",
    "plot_uplift_deciles",
]
