"""Every public picture on data as it comes: Korean labels, long names, many series, one row, extreme values."""

from dataclasses import replace

import numpy as np
import pandas as pd

from cxml import plots
from cxml.metrics import (
    CampaignCosts,
    Interval,
    budget_curve,
    effect_table,
    policy_value,
    profit_curve,
    qini_curve,
)

rng = np.random.default_rng(7)

CHANCE = rng.beta(1.2, 3, 4000)
LEFT = (rng.random(CHANCE.size) < CHANCE).astype(int)
BLUR = np.clip(CHANCE + rng.normal(0, 0.12, CHANCE.size), 0, 1)
SIX = {
    "부스팅 모형 (boosted)": CHANCE,
    "로지스틱 회귀": BLUR,
    **{f"도전 모형 {at}": np.clip(BLUR + rng.normal(0, 0.05 * at, BLUR.size), 0, 1) for at in (1, 2, 3)},
    "base rate": np.full(CHANCE.size, LEFT.mean()),
}
COSTS = CampaignCosts(value=350_000, offer_cost=40_000, contact_cost=12_000, accept_rate=0.3)
PROFIT = {name: profit_curve(LEFT, chance, COSTS) for name, chance in SIX.items()}
FEATURES = [
    "가입 개월",
    "계약 형태",
    "월 요금(원)",
    "고객센터 문의 횟수",
    "최근 3개월 데이터 사용량 변화율과 그 추세의 기울기 (%)",
]

WEEK = pd.date_range("2026-02-02", periods=30 * 24 * 7, freq="h")
OPEN = WEEK[(WEEK.hour >= 9) & (WEEK.hour < 18)]
DAYS = pd.date_range("2026-01-05", periods=120)


def counts(times, level=120.0):
    """Contacts that know the hour and the day of the week."""
    shape = 1 + 0.4 * np.sin(2 * np.pi * times.hour / 24) + 0.2 * (times.dayofweek < 5)
    return rng.poisson(level * shape).astype(float)


def ahead(times, *, level=120.0, known=False):
    """A forecast with two intervals; what came too, if known."""
    point = level * (1 + 0.4 * np.sin(2 * np.pi * times.hour / 24) + 0.2 * (times.dayofweek < 5))
    made = pd.DataFrame({"ds": times, "contacts": point})
    for width, share in ((50, 0.08), (90, 0.2)):
        made[f"contacts-lo-{width}"], made[f"contacts-hi-{width}"] = point * (1 - share), point * (1 + share)
    return made.assign(y=counts(times, level)) if known else made


def past(times, level=120.0):
    return pd.DataFrame({"ds": times, "y": counts(times, level)})


def staffed(days):
    """Agents from nine to six."""
    times = OPEN[::1][: 9 * days]
    need = np.ceil(8 + 5 * np.sin((times.hour - 9) / 9 * np.pi)).astype(int)
    return pd.DataFrame(
        {
            "unique_id": "대표 전화",
            "ds": times,
            "agents": need,
            "agents_expected": need - 1,
            "agents-lo-90": need - 3,
            "agents-hi-90": need + 4,
            "scheduled": np.ceil(need * 1.35).astype(int),
        }
    )


def watched(name, alerts, days=14):
    """What detection answers about a series."""
    times = WEEK[: 24 * days]
    usual = 120.0 * (1 + 0.4 * np.sin(2 * np.pi * times.hour / 24))
    rows = pd.DataFrame({"unique_id": name, "ds": times, "y": rng.poisson(usual).astype(float), "expected": usual})
    rows = rows.assign(lower=usual * 0.75, upper=usual * 1.25, is_anomaly=False, severity=0.0)
    rows["alert"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    for number, (start, stop) in enumerate(alerts, 1):
        rows.loc[start:stop, ["is_anomaly", "alert", "severity"]] = [True, number, min(99.0, 25.0 * number)]
        rows.loc[start:stop, "y"] *= 1.9
    return rows


ONE = watched("콜센터 · 배송 문의", ((60, 66), (200, 204), (300, 310)))
MANY = pd.concat(
    [
        watched(f"{queue} · {topic}", [(at, at + 3) for at in rng.integers(0, 1300, where).tolist()], 60)
        for where, (queue, topic) in enumerate(
            (queue, topic)
            for queue in ("전화", "채팅", "앱 문의")
            for topic in ("요금", "배송 지연", "해지", "장애 신고")
        )
    ]
)
TROUBLE = pd.DataFrame({"unique_id": ["채팅 · 해지"], "start": WEEK[[200]], "end": WEEK[[260]]})
SCORES = rng.exponential(size=2000)
BUDGET = {
    name: budget_curve(SCORES * noise, range(2000), [50, 400, 900, 1500], [90, 430, 960, 1530], weeks=12.0)
    for name, noise in (("잔차 (residual)", 1.0), ("robust z", rng.random(2000)), ("계절 단순", rng.random(2000)))
}
CAUSES = pd.DataFrame(
    {
        "segment": [
            "채널=채팅, 주제=배송 지연",
            "지역=경기 남부",
            "단말=갤럭시 S30 울트라 자급제 256GB 블랙",
            "channel=phone",
        ],
        "change": [12_400.0, 3_100.0, -1_850.0, 420.0],
    }
)

OFFERS = np.array(["5G 무제한 요금제 25 % 할인", "가족 결합", "$5 voucher", "보험 3개월 무료", "none"])[
    rng.choice(5, 3000, p=[0.4, 0.3, 0.15, 0.1, 0.05])
]
TAKES = dict(zip(np.unique(OFFERS), (0.02, 0.06, 0.12, 0.2, 0.3), strict=True))
SAID = np.array([TAKES[name] for name in OFFERS])
TAKEN = (rng.random(SAID.size) < SAID).astype(float)
VALUES = policy_value(
    TAKEN,
    np.full(SAID.size, 0.2),
    (OFFERS == "가족 결합").astype(float),
    expected=SAID,
    expected_policy=np.full(SAID.size, 0.3),
)
MONEY = [
    replace(one, value=one.value * 1e6, lower=one.lower * 1e6, upper=1e7 if one.estimator == "ips" else one.upper * 1e6)
    for one in VALUES
]
FATES = pd.DataFrame({"fate": rng.choice(["chosen", "rejected"], 120_000, p=[0.02, 0.98])})
FATES["rule"] = np.where(
    FATES["fate"] == "chosen",
    None,
    rng.choice(
        [
            "성인만 (age >= 19)",
            "수신 동의: 문자",
            "14일에 두 번까지",
            "예산",
            "not (category == 'bundle' and fee < 30000)",
        ],
        len(FATES),
        p=[0.05, 0.35, 0.3, 0.28, 0.02],
    ),
)
LIMITS = pd.DataFrame(
    [
        ["예산", 12_000_000, 12_000_000, 2.53],
        ["전화 상담", 1_400, 4_000, 0.0],
        ["문자", 51_000, 100_000, 0.0],
        ["가족 결합 재고", 0, 0, 71_234.0],
        ["a limit with a very long name of its own", 49, 100, 0.004],
    ],
    columns=["limit", "used", "most", "shadow_price"],
)
TREATED = rng.integers(0, 2, 4000)
EFFECT = rng.normal(size=4000)
OUTCOME = (rng.random(4000) < 0.3 + 0.1 * TREATED * EFFECT).astype(float)
QINI = {"T-학습기": qini_curve(OUTCOME, EFFECT, TREATED), "무작위": qini_curve(OUTCOME, rng.random(4000), TREATED)}

TOPICS = ["배송 · 지연 · 택배", "앱 오류 · 로그인", "요금 · 환불", "상담원 친절", "품질 불량", "매장 대기", "기타"]
SHARES = pd.DataFrame(
    rng.dirichlet(np.arange(8, 1, -1), 26), columns=TOPICS, index=pd.date_range("2026-01-05", periods=26, freq="W")
)
EMERGING = pd.DataFrame(
    {
        "what": [
            "로그인 인증 오류",
            "a phrase that is much longer than anybody would say it",
            "택배 파업",
            "환불 지연",
        ],
        "share": [0.121, 0.052, 0.03, 0.02],
        "expected": [0.01, 0.0, 0.012, 0.018],
        "comments": [3_612, 155, 90, 61],
        "q_value": [1e-9, 0.001, 0.01, 0.04],
    }
)
PARETO = pd.DataFrame({"topic": TOPICS, "share": np.sort(rng.dirichlet(np.ones(7)))[::-1]})
PARETO = PARETO.assign(
    cumulative_share=PARETO["share"].cumsum(),
    is_vital=PARETO["share"].cumsum().shift(fill_value=0) < 0.8,
    **{"share-lo-95": PARETO["share"] * 0.85, "share-hi-95": np.minimum(PARETO["share"] * 1.15 + 0.01, 1)},
)
DRIVERS = pd.DataFrame(
    {
        "driver": ["배송 속도", "상담원의 친절과 문제 해결 능력에 대한 만족도", "앱 사용성", "가격", "매장"],
        "share": [0.46, 0.27, 0.15, 0.08, 0.04],
        "share-lo-95": [0.38, 0.2, 0.09, 0.03, 0.0],
        "share-hi-95": [0.54, 0.34, 0.21, 0.13, 0.08],
        "direction": ["up", "down", "unclear", "labels", "up"],
    }
)
DRIVERS.attrs["r2"] = 0.41
STAGES = ["탐색", "가입 상담", "개통", "첫 달 이용", "요금 청구", "고객센터 문의와 그 결과 안내", "해지 또는 재약정"]
JOURNEY = pd.DataFrame(
    {
        "stage": STAGES,
        "comments": [80, 1_200, 950, 14_210, 700, 310, 45],
        "score": [0.3, 0.42, 0.1, 0.2, -0.35, -0.6, -0.2],
    }
)
JOURNEY = JOURNEY.assign(change=JOURNEY["score"].diff())
JOURNEY = JOURNEY.assign(
    **{
        f"{name}-{end}-95": JOURNEY[name] + shift
        for name in ("score", "change")
        for end, shift in (("lo", -0.11), ("hi", 0.11))
    }
)

STAYING = dict(zip(TOPICS[:6], (0.2, 0.1, 0.06, 0.04, 0.02, 0.005), strict=True))
MONTHS = np.arange(1, 25)
LEARNED = ["설날", "추석 연휴", "요금 청구일", "an outage of the application on the day before"]
EFFECT_TABLE = effect_table(OUTCOME, EFFECT * 0.1, TREATED)
WHY = {
    "values": [2, "월 단위", 129_000, 4, -12.5],
    "effects": [22.7, 15.1, 7.2, -6.0, 4.7],
    "base": 0.165,
    "final": 0.63,
}
KNOWN = Interval(0.3, 0.27, 0.33, 0.95, 0)
FALL = CAUSES.assign(change=-CAUSES["change"] / 1e5)

PICTURES = {
    "reliability": lambda **k: plots.plot_reliability(LEFT, SIX, event="해지", **k),
    "gains": lambda **k: plots.plot_gains(LEFT, SIX, **k),
    "lift": lambda **k: plots.plot_lift(LEFT, SIX, event="해지", **k),
    "profit": lambda **k: plots.plot_profit(PROFIT["부스팅 모형 (boosted)"], currency="원", **k),
    "profit of six": lambda **k: plots.plot_profit(PROFIT, currency="KRW", **k),
    "importance": lambda **k: plots.plot_importance(FEATURES * 4, rng.random(20) * 12, event="해지", **k),
    "importance of one": lambda **k: plots.plot_importance(["tenure"], [2.5], **k),
    "reasons": lambda **k: plots.plot_reasons(FEATURES, **WHY, event="해지", **k),
    "reasons of one": lambda **k: plots.plot_reasons(["tenure"], [1], [0.2], base=0.001, final=0.003, **k),
    "survival": lambda **k: plots.plot_survival(
        MONTHS, {name: np.exp(-rate * MONTHS) for name, rate in STAYING.items()}, **k
    ),
    "survival of one": lambda **k: plots.plot_survival([1], {"전체": [0.9]}, **k),
    "uplift curve": lambda **k: plots.plot_uplift_curve(
        QINI, bands={"T-학습기": (QINI["T-학습기"].gain - 0.01, QINI["T-학습기"].gain + 0.01)}, **k
    ),
    "uplift deciles": lambda **k: plots.plot_uplift_deciles(EFFECT_TABLE, unit="Effect on acceptance (share)", **k),
    "policy values": lambda **k: plots.plot_policy_values(VALUES, known=KNOWN, percent=True, unit="수락률", **k),
    "policy values in money": lambda **k: plots.plot_policy_values(MONEY, unit="Margin an offer (KRW)", **k),
    "acceptance": lambda **k: plots.plot_acceptance_by_offer(OFFERS, TAKEN, SAID, **k),
    "acceptance of one": lambda **k: plots.plot_acceptance_by_offer(["결합"], [1], [0.4], **k),
    "fates": lambda **k: plots.plot_fates(FATES, **k),
    "limits": lambda **k: plots.plot_limits(LIMITS, currency="원", **k),
    "fan of days": lambda **k: plots.plot_fan(past(DAYS[:90], 9e5), ahead(DAYS[90:], level=9e5), unit="상담", **k),
    "fan of hours": lambda **k: plots.plot_fan(past(WEEK[:96]), ahead(WEEK[96:144], known=True), **k),
    "fan of open hours": lambda **k: plots.plot_fan(past(OPEN[:90]), ahead(OPEN[90:153]), unit="calls", **k),
    "fan of one row": lambda **k: plots.plot_fan(past(DAYS[:30]), ahead(DAYS[30:31]), **k),
    "lead times": lambda **k: plots.plot_lead_times(
        range(1, 29), {name: 0.05 + 0.01 * at + 0.004 * np.sqrt(np.arange(28)) for at, name in enumerate(SIX)}, **k
    ),
    "lead time of one": lambda **k: plots.plot_lead_times([1], {"model": [0.05], "naive": [0.09]}, **k),
    "interval calibration": lambda **k: plots.plot_interval_calibration(
        [50, 80, 90, 95], {name: np.array([0.5, 0.8, 0.9, 0.95]) - 0.02 * at for at, name in enumerate(SIX)}, **k
    ),
    "day shape": lambda **k: plots.plot_day_shape(
        range(540, 1080, 30), {f"{day}요일": rng.dirichlet(np.full(18, 30)) for day in "월화수목금토일"}, **k
    ),
    "effects": lambda **k: plots.plot_effects(LEARNED, [-72, -65, 34, 4], [-78, -70, 25, -2], [-64, -60, 44, 10], **k),
    "staffing of a day": lambda **k: plots.plot_staffing(staffed(1), **k),
    "staffing of a week": lambda **k: plots.plot_staffing(staffed(7), **k),
    "anomalies": lambda **k: plots.plot_anomalies(ONE, windows=TROUBLE, unit="시간당 상담 (calls an hour)", **k),
    "anomalies of hours": lambda **k: plots.plot_anomalies(ONE.iloc[50:80], unit="calls an hour", **k),
    "alert calendar": lambda **k: plots.plot_alert_calendar(MANY, windows=TROUBLE, **k),
    "alert calendar of one": lambda **k: plots.plot_alert_calendar(ONE.iloc[50:80], **k),
    "budget curve": lambda **k: plots.plot_budget_curve(BUDGET, budget=5, **k),
    "delay": lambda **k: plots.plot_delay(
        {name: np.r_[rng.exponential(4, 20), [np.nan] * at] for at, name in enumerate(SIX, 1)}, unit="hours", **k
    ),
    "root causes": lambda **k: plots.plot_root_causes(CAUSES, total=15_000, unit="상담", **k),
    "root causes of a fall": lambda **k: plots.plot_root_causes(FALL, unit="share", **k),
    "topics over time": lambda **k: plots.plot_topics(SHARES, **k),
    "topics": lambda **k: plots.plot_topics(SHARES.iloc[0], **k),
    "emerging": lambda **k: plots.plot_emerging(EMERGING, **k),
    "nothing emerging": lambda **k: plots.plot_emerging(EMERGING.head(0), **k),
    "pareto": lambda **k: plots.plot_pareto(PARETO, **k),
    "drivers": lambda **k: plots.plot_drivers(DRIVERS, score="만족도", **k),
    "journey": lambda **k: plots.plot_journey(JOURNEY, **k),
    "journey of two": lambda **k: plots.plot_journey(JOURNEY.head(2), **k),
}  # fmt: skip
"""One or two drawings of every public picture, by what they are."""
