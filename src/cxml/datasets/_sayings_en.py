"""What invented English-speaking customers say, by topic and feeling."""

from __future__ import annotations

from cxml.datasets._sayings import Sayings, lines, words

_ABOUT = {
    "delivery": (
        """
        I ordered the {item} {ago} and it still hasn't arrived
        delivery is {days} late and nobody told me
        the driver threw the {item} over the fence
        tracking has not moved for {days}
        the box was crushed when it got here
        it says delivered but there is nothing at my door
        the delivery date slipped again
        I was home all day and they left a "sorry we missed you" card
        """,
        """
        when will my {item} arrive
        can I change the delivery address to {city}
        how long does dispatch take
        which courier do you use
        """,
        """
        ordered {time} and it was here the next day
        delivery was much faster than promised
        the driver even texted before coming, lovely
        well packed, not a scratch on the {item}
        """,
    ),
    "payment": (
        """
        my {card} was charged twice
        the pay button has given an error for {days}
        {amount} left my account but there is no order
        I chose instalments and was billed in full
        the saved {card} keeps disappearing
        the bill is not the total I saw at checkout
        I cancelled but the charge is still pending
        checkout freezes when I use {card}
        """,
        """
        do you take {card}
        where can I get a VAT invoice
        how do I switch to {card}
        can I pay in instalments
        """,
        """
        paying takes two taps now, great
        the {card} discount applied by itself
        checkout has become so much easier
        you fixed the double charge at once, thank you
        """,
    ),
    "app": (
        """
        the app crashes as soon as I open it
        since the update the {screen} page keeps closing
        {screen} loads for {minutes} and then nothing
        I get push messages every {minutes} although they are off
        text is cut off on my {phone_model}
        search shows anything but the {item}
        where has the {screen} menu gone
        my basket empties itself all the time
        """,
        """
        does it run on {phone_model}
        how do I make the font larger on {screen}
        is there a dark mode
        is {version} the latest version
        """,
        """
        version {version} is so much quicker
        the {screen} page looks clean and clear
        even my parents find their way around
        search has become clever, I find things at once
        """,
    ),
    "support": (
        """
        waited {minutes} to speak to somebody
        the chat bot repeats the same useless answer
        every agent tells me something else
        I was passed from one department to the next
        they promised to call {time} and never did
        the agent sighed and cut me off
        {days} since I wrote and no reply
        asked for a manager and they hung up
        """,
        """
        what are your support hours
        is chat open {time}
        where do I see my earlier tickets
        who do I contact about this
        """,
        """
        the agent was patient and helped me to the end
        one call and it was solved in {minutes}
        she listened and offered a fix before I asked
        chat answered right away, impressive
        """,
    ),
    "price": (
        """
        the {item} went up by {amount} in a month
        {amount} dearer than anywhere else
        the discount is fake, they raised the list price first
        shipping costs more than the {item}
        way too expensive for what it is
        you quietly raised the membership fee
        it went on sale the day after, I overpaid {amount}
        poor value for money
        """,
        """
        when does the price of the {item} change
        is there a student discount
        is shipping free above {amount}
        where is the list of plans and fees
        """,
        """
        a bargain for a {item} like this
        with the coupon I saved {amount}
        cheapest place I know, I always buy here
        great value for money
        """,
    ),
    "quality": (
        """
        the {item} broke after {days}
        the colour is nothing like the picture
        the {item} smells odd
        sloppy seams and loose threads
        sold as new but clearly used
        it shrank in the first wash
        the {item} does not switch on
        thin and cheap material
        """,
        """
        what is the {item} made of
        is there a manual for the {item}
        how long is the warranty
        how many colours does it come in
        """,
        """
        {days} of use and the {item} is like new
        well made and feels premium
        looks even better than the picture
        so sturdy that I bought a second {item}
        """,
    ),
    "refund": (
        """
        asked for a refund {days} ago and no money yet
        nobody has picked up my return for {days}
        it was faulty and you want {amount} for the return
        they insist on store credit instead of my money
        the exchange had the very same fault
        I cannot cancel, the button is greyed out
        the reason you refused my return makes no sense
        the return process is a maze
        """,
        """
        how many days do I have to return it
        can I exchange the {item} for another size
        does the refund go back to {card}
        where do I start a return
        """,
        """
        returned it and had my money the next day
        the exchange was painless
        refunded the {item} with no questions asked
        pick-up to refund took one day
        """,
    ),
    "rewards": (
        """
        my {points} points expired without a word
        wrote the review and never got the points
        I have {points} points and nothing to spend them on
        my tier dropped and all perks are gone
        you cut the earning rate on the sly
        promised bonus points are {days} overdue
        you can only redeem from {points} points up, really
        finished the challenge and no coupon came
        """,
        """
        when do points expire
        can I move {points} points to my family
        when is my tier worked out again
        how soon are points credited
        """,
        """
        points add up fast, I have {points} already
        even a birthday coupon, how nice
        got a {item} for free with points
        the tier perks are really worth it
        """,
    ),
}

_ASPECTS = {
    "delivery": "delivery speed|parcel packing|delivery updates|arrival time|the courier|dispatch|the drop-off",
    "payment": "the checkout|card registration|instalment terms|the total shown|one-tap pay|the bill|the receipt",
    "app": "app speed|the page layout|the search|notification settings|app stability|the menu|the font size",
    "support": "the agent's tone|chat support|getting through|the reply|the phone menu|support hours|the helpdesk",
    "price": "the price|the discount|the shipping fee|the membership fee|the subscription price|the sale price",
    "quality": "the finish|the material|the colour|durability|the stitching|the smell|performance|item condition",
    "refund": "the refund|the return process|the exchange|the return fee|the pick-up|cancellation rules",
    "rewards": "the earning rate|redeeming points|tier perks|the coupons|point expiry|the challenge|birthday perks",
}

SAYINGS = Sayings(
    topics={topic: (lines(bad), lines(plain), lines(good)) for topic, (bad, plain, good) in _ABOUT.items()},
    aspects={topic: words(text) for topic, text in _ASPECTS.items()},
    verdicts=(
        words(
            "{a} is really bad|{a} stresses me out|{a} gets worse every time|{a} needs work|do something about {a}"
            "|let down by {a}|{a} used to be better|{a}: zero stars|{a} makes me sigh"
        ),
        words(
            "{a} is average|a question about {a}|has anything changed with {a}|what are the rules for {a}"
            "|where do I check {a}|{a} is neither good nor bad"
        ),
        words(
            "{a} is really good|{a} is better than I hoped|impressed by {a}|nobody beats you on {a}|hats off for {a}"
            "|{a} has improved a lot|{a} is why I stay|nothing to fault about {a}|{a}: five stars"
        ),
    ),
    stages=("browse", "sign-up", "order", "delivery", "use", "support", "leave"),
    channels=("app", "web", "chat", "phone", "email"),
    slots={
        "item": words("shoes|dress|vacuum|earbuds|fan|keyboard|coffee|shampoo|jacket|laptop|pan|tent|desk|kettle"),
        "ago": words("last week|at the end of last month|on Monday|three days ago|ten days ago|two weeks ago"),
        "days": words("two days|3 days|four days|5 days|a week|ten days|two weeks|a month"),
        "time": words("in the morning|at noon|at 3 pm|in the evening|after 9 pm|at the weekend"),
        "minutes": words("10 minutes|20 min|half an hour|40 minutes|an hour"),
        "amount": words("$3|$10|$20.50|35 dollars|£12|$49.99|120 dollars"),
        "card": words("my credit card|PayPal|a debit card|bank transfer|Apple Pay|a gift card"),
        "city": words("my office|my parents|Boston|Leeds|a pick-up point"),
        "screen": words("orders|basket|profile|search|home|product|reviews"),
        "phone_model": words("iPhone|Galaxy|tablet|old Android|Pixel"),
        "version": words("5.2|6.0.1|7.1|8.0"),
        "points": words("500|1,200|3k|5000|12,500"),
    },
    openers=(
        words("Honestly|Seriously|Ugh|Customer for 3 years and|I rarely write reviews but|Again today|Look"),
        words("Hi|Hello|Quick question|Just wondering|Could you help"),
        words("Wow|First time here and|Didn't expect much but|As always|A friend told me about you and"),
    ),
    closers=(
        words(
            "very disappointed|so annoying|please fix this|not good enough|unbelievable|terrible|I have lost trust"
            "|what is going on|what a letdown|such a hassle"
        ),
        words("thanks in advance|let me know|just curious|looking forward to your answer|no rush"),
        words("thank you|love it|will be back|very happy|recommended|keep it up|made my day"),
    ),
    bare=(
        words(
            "this is not how you treat people|how long will this go on|I can't be the only one|back to basics please"
        ),
        words("it is okay|average I guess|not sure yet|does what it says"),
        words("no words needed|been happy for years|all good|hard to beat"),
    ),
    pressing=lines(
        """
        I will report you to the consumer agency
        I have filed a complaint with the regulator
        my lawyer will be in touch
        see you in small claims court
        I am taking legal action
        I am going to the press with this
        this goes on every social network today
        I am closing my account today
        cancelling now and moving to a competitor
        it burned my hand
        I got an electric shock from it
        it started smoking and nearly caught fire
        my child ended up in the ER
        I need this sorted by tonight
        must have it by tomorrow morning
        fix this right now
        I think my personal data was leaked
        """
    ),
    nagging=lines(
        """
        I have lost count how often I wrote to you
        third time this happens
        I called five times already
        money down the drain
        that cost me {amount}
        here we go again
        same thing as last time I contacted you
        """
    ),
    hurrying=words("I expect an answer this week|please hurry|as soon as possible please|a bit urgent"),
    calm=words("not that I would go to court over it|no need to cancel though|no hurry at all|I won't report anybody"),
    joiners=(" ", ". ", ", ", " and ", " - ", "\n"),
    but=(" but ", " still, ", " although ", " then again "),
    moods=(
        words("!!|!!!!|...|:(|smh|😡|🤬|wtf|ugh|>:("),
        words("?|??|..|:)|thx"),
        words("!|!!|:)|👍|😊|❤️|lol|yay"),
    ),
    emerging_name="login verification error",
    emerging=lines(
        """
        since the update no login verification code arrives
        can't log in after the app update, verification error
        every login ends with verification failed
        the {version} update broke identity verification
        I enter the code and land on the login page again
        fingerprint login is gone, only verification errors for {minutes}
        the login code comes {minutes} late and has expired
        """
    ),
    personal={
        "phone": words("call me on 010-{d4}-{d4}|my number is (555) 01{d1}-{d4}|reach me at +1 555 01{d1} {d4}"),
        "email": words("write to {user}{d2}@example.com|my mail is {user}.{d2}@example.org"),
        "account": words("refund to account {d6}-{d2}-{d6}|my account number is {d4}{d4}{d2}"),
        "name": words("this is {name}|my name is {name}|order of {name}"),
        "address": words("I live at {d2} Rainbow Street, apt {d3}|send it to {d3} Breeze Lane"),
    },
    names=words("Alex Morgan|Jamie Stone|Robin Hale|Casey Brook|Taylor Reed|Jordan Field|Sam Waters|Lee Harper"),
)
