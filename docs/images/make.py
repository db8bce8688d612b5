"""Make the pictures of the README anew, from invented data: ``python docs/images/make.py [folder]``.

One picture for each family, the agents that a forecast needs, and all six beside one another (``overview.png``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from cxml import anomaly, churn, datasets, offers, plots, voc, volume
from cxml.offers.decide import decide

Draw = Callable[..., Figure]

NAMES = {
    "tenure_months": "가입 개월",
    "contract": "계약 형태",
    "plan": "요금제",
    "monthly_fee": "월 요금(원)",
    "total_paid": "누적 결제(원)",
    "is_bundle": "결합 상품",
    "support_calls": "상담 전화",
    "late_payments": "연체 횟수",
    "app_visits": "앱 방문",
    "satisfaction": "만족도",
    "device_bought_on": "단말 구매일",
    "region": "지역",
}
"""Columns of the invented customers as a Korean company calls them."""


def reasons() -> Draw:
    """Why one customer is likely to leave."""
    customers = datasets.make_customers(1_500).frame.rename(columns=NAMES)
    trained = churn.train(customers, target="churned", key="customer_id", track=False)
    answer = churn.predict(trained, customers.head(500), reasons=8)
    one = answer.loc[answer["churn_probability"].idxmax()]
    told = pd.DataFrame(list(one["reasons"]))
    final, start = float(one["churn_probability"]), float((customers["churned"] == "yes").mean())
    return lambda **k: plots.plot_reasons(
        told["feature"].tolist(), told["value"].tolist(), told["points"], base=start, final=final, **k
    )


def forecast_and_agents() -> tuple[Draw, Draw]:
    """What is coming to a call centre, and how many agents the first day needs."""
    world = datasets.make_contacts(150, 1, freq="h")
    trained = volume.train(world.frame, horizon="14D", country="KR", events=world.events, track=False)
    ahead = volume.predict(trained, levels=[50, 90])
    service = volume.Service(handling_time=240, patience=120, shrinkage=0.3)
    agents = volume.staff(ahead, service, confidence=0.9)
    day = str(agents["ds"].min().date())
    history, week = world.frame, ahead.head(5 * 9)
    return (
        lambda **k: plots.plot_fan(history, week, unit="calls", title="What is coming? (대표 전화)", **k),
        lambda **k: plots.plot_staffing(agents, day=day, title="How many agents does it need? (대표 전화)", **k),
    )


def drivers() -> Draw:
    """What moves satisfaction, over Korean comments."""
    comments = datasets.make_comments(2_000).frame
    weights = voc.drivers(comments, score="csat", topic="topic", sentiment="sentiment", groups="customer_id")
    return lambda **k: plots.plot_drivers(weights, top=8, score="CSAT (고객 만족도)", **k)


def fates() -> Draw:
    """Which rule rejected which candidates on the way to the next best offer."""
    made = datasets.make_offers(400, 90)
    names: dict[str, Any] = {"key": "customer_id", "offer": "offer", "channel": "channel"}
    catalogue = made.offers[["offer", "category", "margin", "discount"]]
    trained = offers.train(
        made.log.drop(columns="margin_won"),
        **names,
        response="accepted",
        time="sent_at",
        position="position",
        propensity="propensity",
        control="none",
        customers=made.customers,
        offers=catalogue,
        track=False,
    )
    policy = offers.Policy(
        eligibility={
            "성인만 (age >= 19)": "age >= 19",
            "소액 결합 제외": "not (category == 'bundle' and monthly_fee < 30000)",
        },
        consent={"sms": "sms_ok", "email": "email_ok", "call": "call_ok"},
        fatigue=[offers.Cap(2, days=14), offers.Cap(1, days=60, offer=True)],
        capacity={"call": 40},
        value=offers.Value(margin="margin", cost=500),
    )
    entries = trained.model.entries()
    contacts = made.log[made.log["offer"] != "none"]
    scores = trained.model.score(made.customers, entries)
    now = pd.Timestamp("2025-04-01")
    candidates = decide(made.customers, entries, scores, policy, **names, now=now, contacts=contacts).candidates()
    return lambda **k: plots.plot_fates(candidates, **k)


def alarms() -> Draw:
    """A metric that left its normal course, the days around its worst alert."""
    made = datasets.make_metrics(6, days=42)
    found = anomaly.detect(made.frame, denominator="trials", country="KR", budget=3, budget_span="7D")
    late = found[(found["ds"] >= made.frame["ds"].min() + pd.Timedelta("21D")) & found["alert"].notna()]
    contacts = late[late["unique_id"].str.startswith("contacts/")]
    worst = contacts.loc[(contacts["y"] / contacts["expected"]).idxmax()]
    near = np.abs(found["ds"] - worst["ds"]) <= pd.Timedelta("3D")
    shown = found[near & (found["unique_id"] == worst["unique_id"])]
    name = str(worst["unique_id"]).removeprefix("contacts/")
    return lambda **k: plots.plot_anomalies(
        shown, unit="contacts (an hour)", title=f"What left its normal course? ({name})", **k
    )


def main(folder: Path) -> None:
    """Draw each picture alone, then all of them together."""
    fan, staffing = forecast_and_agents()
    drawn = {
        "reasons": reasons(),
        "fates": fates(),
        "forecast": fan,
        "staffing": staffing,
        "drivers": drivers(),
        "alarms": alarms(),
    }
    for name, draw in drawn.items():
        save(image(draw()), folder / f"{name}.png")
    tiles = [image(small(draw)) for draw in drawn.values()]
    width, height = tiles[0].size
    whole = Image.new("RGB", (2 * width, 3 * height), "white")
    for place, tile in enumerate(tiles):
        whole.paste(tile, (place % 2 * width, place // 2 * height))
    save(whole, folder / "overview.png")


def small(draw: Draw) -> Figure:
    """Draw at the size of a tile, so that its text is read when the whole is 900 pixels wide."""
    figure = Figure(figsize=(5.6, 4.0), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    return draw(ax=figure.add_subplot())


def image(figure: Figure) -> Image.Image:
    """Give the pixels of a figure, at the size of a notebook."""
    held = BytesIO()
    figure.savefig(held, format="png", dpi=110)
    return Image.open(held).convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture in 256 colours, a third of the size and no different to the eye."""
    picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
