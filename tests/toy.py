"""A second family, small enough to read at once: it forecasts counts by the half hour, is judged from several origins,
its rows come in days, and it knows by itself which rows come next.

Tests register it (`registered` in ``conftest.py``) to see that what is shared bends to no single family.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from cxml import training
from cxml.contract import SETTLED, Family, Findings, Judgement, Metric, Table, Trial, build_config
from cxml.errors import FrameError
from cxml.frames import as_pandas, check_columns, hash_rows
from cxml.metrics import standard_error

HALF_HOUR = pd.Timedelta(minutes=30)


@dataclass(frozen=True)
class ToyConfig:
    target: str = "y"
    time: str = "ds"
    key: str | None = None
    origins: int = 4
    horizon: int = 48
    holidays: tuple[str, ...] = ()
    slots: tuple[int, ...] = field(default=(), metadata=SETTLED)


class MeanToy:
    """The mean of each half hour of the day."""

    family: ClassVar[str] = "toy"
    method: ClassVar[str] = "mean"
    Config: ClassVar[type[Any]] = ToyConfig

    def __init__(self, config):
        self.config = config
        self.means = self.last = None

    def fit(self, frame):
        moments = moments_of(frame, self.config)
        known = pd.Series(frame[self.config.target].to_numpy(dtype=float))
        self.means = [float(known[slots_of(moments) == slot].mean()) for slot in self.config.slots]
        self.last = moments.max().isoformat()
        return self

    def predict(self, frame):
        moments = moments_of(frame, self.config)
        means = dict(zip(self.config.slots, self.means, strict=True))
        found = [means[slot] for slot in slots_of(moments)]
        return pd.DataFrame({self.config.time: moments.to_numpy(), "contacts": found}, index=frame.index)

    def future(self, horizon=None):
        last = pd.Timestamp(self.last)
        moments = pd.date_range(last + HALF_HOUR, periods=horizon or self.config.horizon, freq=HALF_HOUR)
        return pd.DataFrame({self.config.time: moments})

    def update(self, rows):
        self.last = moments_of(rows, self.config).max().isoformat()
        return len(rows)

    def parts(self):
        return {"learned": {"means": self.means, "last": self.last}}

    @classmethod
    def from_parts(cls, config, parts):
        model = cls(config)
        model.means, model.last = parts["learned"]["means"], parts["learned"]["last"]
        return model

    def features(self):
        return {self.config.time: "date"}


class FlatToy(MeanToy):
    """One mean for every half hour, the baseline."""

    method: ClassVar[str] = "flat"

    def fit(self, frame):
        super().fit(frame)
        self.means = [float(frame[self.config.target].mean())] * len(self.config.slots)
        return self


def moments_of(frame, config):
    return pd.Series(pd.to_datetime(frame[config.time]).to_numpy())


def slots_of(moments):
    return (moments.dt.hour * 2 + moments.dt.minute // 30).to_numpy()


def check(frame, config):
    check_columns(frame.columns, [config.time, config.target], what="Training toy")
    if len(frame) < 200:
        raise FrameError(f"Training toy needs 200 rows - got {len(frame)}.")
    slots = tuple(int(one) for one in np.unique(slots_of(moments_of(frame, config))))
    return frame, build_config(ToyConfig, {**vars(config), "slots": slots}), Findings(("a toy",))


def trial(model, frame, step):
    """From each origin: learn from the days before, answer about the next one."""
    days = moments_of(frame, model.config).dt.normalize().to_numpy()
    origins = np.unique(days)[-model.config.origins :]
    parts = []
    for number, origin in enumerate(origins):
        step(f"origin {number + 1} of {len(origins)}")
        seen, unseen = frame[days < origin], frame[days == origin]
        fitted = [type(model)(model.config).fit(seen), FlatToy(model.config).fit(seen)]
        models = {one.method: one for one in fitted[: 1 if isinstance(model, FlatToy) else 2]}
        parts.append(answer(models, unseen, model.config))
    answers = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    held_out = frame[days >= origins[0]]
    rows = {"train": len(seen), "test": len(held_out)}
    return Trial(fitted[0], answers, held_out, f"the last {len(origins)} days, each from the days before it", rows)


def answer(models, frame, config):
    moments = moments_of(frame, config)
    rows = pd.DataFrame(
        {"row": hash_rows(moments.to_frame("ds")), "group": hash_rows(moments.dt.normalize().to_frame("day"))}
    )
    happened = frame[config.target].to_numpy(dtype=float)
    found = {}
    for name, model in models.items():
        contacts = model.predict(frame)["contacts"].to_numpy()
        found[name] = rows.assign(y=happened, contacts=contacts, loss=np.abs(happened - contacts))
    return found


def judge(answers, config):
    found = {}
    for name, one in answers.items():
        mean, error = float(one["loss"].mean()), 1.96 * standard_error(one["loss"], one["group"])
        found[name] = Judgement("mae", [Metric("mae", mean, mean - error, mean + error)])
    return found


def figures(trial):
    yield Table("by_day", trial.answers[trial.model.method].groupby("group")["loss"].mean().reset_index())


def example(model, frame):
    return model.future(3)


FAMILY = Family("toy", check, trial, answer, judge, figures, example, "The figures speak of days like the last ones.")


def train(frame, *, method="mean", track=True, refit=True, events=None, **settings):
    if events is not None:
        settings["holidays"] = tuple(events["day"])
    kind = {"mean": MeanToy, "flat": FlatToy}[method]
    return training.train(FAMILY, kind(build_config(ToyConfig, settings)), as_pandas(frame), refit=refit, track=track)


def predict(model, frame=None, *, horizon=None):
    if frame is None:
        frame = model.future(horizon)
    return training.use(model, frame, family="toy")[0].model.predict(frame)


def contacts(days=12, seed=0, tz=None):
    """Half hours from 9 to 18, and whole days that are busier or quieter than others."""
    random = np.random.default_rng(seed)
    moments = pd.date_range("2024-03-01", periods=48 * days, freq=HALF_HOUR, tz=tz)
    day = np.repeat(random.normal(0, 2, days), 48)
    open_ = (moments.hour >= 9) & (moments.hour < 18)
    return pd.DataFrame(
        {"ds": moments, "y": np.round(np.where(open_, 30.0, 5.0) + day + random.normal(0, 1, len(day)))}
    )
