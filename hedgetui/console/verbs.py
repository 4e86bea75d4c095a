"""Every verb of the command line: what it takes, and which function does it.

Functions are named, not imported: a verb's module is loaded when the verb is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from hedgetui.console.parsing import ENTRY, Commands, Parser

MODES = ("auto", "sell", "buy", "manual")
ACCOUNTS = "accounts "
"""What the names of its questions begin with, since `hedge` and `roll` are the Vega desk's."""
PORTFOLIO = frozenset({"balance", "balance send", "grow", "grow send", "recommend", "stress"})
"""Questions about the portfolio."""
KEY = "KEY is ACCOUNT+CONTRACT or two words, as in PSHAOTCHMS+ZCZ25 or PSHAOTCHMS ZCZ25"


def add_all(commands: Commands, tree: Callable[[], argparse.ArgumentParser]) -> None:
    """Add every verb; `tree` builds the whole command line once more, for shell completion."""
    _add_desk_verbs(commands)
    _add_vega_verbs(commands.family("vega", "strangles hedged with futures"))
    _add_dtms_verbs(commands.family("dtms", "defence of MT5 trades"))
    _add_accounts_verbs(commands.family("accounts", "cash orders, their hedges and the tail"))
    _add_balance_verbs(commands)
    _add_config_verbs(commands.family("config", "the settings"))
    _add_journal_verbs(commands.family("journal", "the audit journal"))
    _add_tool_verbs(commands, tree)


def _add_desk_verbs(commands: Commands) -> None:
    demo = commands.verb(
        "demo", f"{ENTRY}:screen", "the console on the simulator, with a moving book", demo=True
    )
    demo.add_argument("--scenario", default="demo", metavar="NAME", help="a built-in scenario")
    run = commands.verb("run", f"{ENTRY}:run", "the same engine without a screen")
    run.add_argument("--headless", action="store_true", help="required: no screen")
    run.add_argument("--for", dest="duration", default="10m", metavar="TIME", help="90s, 10m, 6h")
    run.add_argument(
        "--scenario", default=None, metavar="NAME",
        help="a built-in scenario (trader on the simulator; on a broker none trades unless named)",
    )  # fmt: skip
    for made in (demo, run):
        made.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    freeze = commands.question("freeze", "cancel own orders and block everything")
    freeze.add_argument("--why", default="frozen from the console", help="kept in the journal")
    unfreeze = commands.question("unfreeze", "release the latches")
    unfreeze.add_argument("--why", default="released from the console", help="kept in the journal")
    resolve = commands.question("resolve", "say what became of an unknown order")
    resolve.add_argument("number", type=int, metavar="NUMBER", help="of the order: 12 for #12")
    _add_verdict(resolve)


def _add_verdict(resolve: Parser) -> None:
    resolve.add_argument("--typed", metavar="REF", help="its reference or the end of it")
    resolve.add_argument("--why", default="", metavar="TEXT", help="what became of it; journalled")


def _add_vega_verbs(vega: Commands) -> None:
    size = vega.verb("size", "hedgetui.console.vega:size", "the hedge for a delta, by the rule")
    size.add_argument("delta", type=float, metavar="N", help="options Δ$ per index point")
    size.add_argument("--hedge", type=int, default=0, metavar="H", help="MES already held")
    size.add_argument("--working", type=int, default=0, metavar="W", help="MES on their way")
    size.add_argument("--band", type=float, metavar="B", help="send nothing inside ±B")
    vega.question("scan", "rank long strangles on the active broker")
    enter = vega.question("enter", "enter a scanned strangle")
    enter.add_argument("candidate", type=int, metavar="N", help="its number in the scan")
    enter.add_argument("--lots", type=int, default=None, metavar="L", help="strangles to buy")
    close = vega.question("close", "close a strangle and its hedge")
    close.add_argument("trade_id", metavar="ID", help="as the positions table shows it")
    hedge = vega.question("hedge", "hedge now, whatever the band")
    hedge.add_argument("--accept-stale", action="store_true", help="use own model greeks")
    roll = vega.question("roll", "move the hedge out of the month that ends")
    for made in (enter, close, hedge, roll):
        made.add_argument("--yes", action="store_true", help="send what the preview shows")
    vega.question("emergency", "what to type into TWS by hand")
    study = vega.verb("study", "hedgetui.console.study:run", "walk recorded option chains")
    study.add_argument("--chain", required=True, metavar="FILE", help="CSV or CSV.GZ")
    study.add_argument("--band", type=float, default=10.0, metavar="B", help="hedge outside ±B")
    study.add_argument("--lots", type=int, default=10, metavar="L", help="strangles per trade")


def _add_dtms_verbs(dtms: Commands) -> None:
    score = dtms.verb("score", "hedgetui.console.dtms_files:score", "the score of recorded bars")
    score.add_argument("--side", choices=("long", "short"), default="long", help="of the trade")
    score.add_argument(
        "--anchor", choices=("auto", "utc", "new-york"), default="auto",
        help="sessions begin at 00:00 UTC (crypto) or 17:00 New York; auto looks for Saturdays",
    )  # fmt: skip
    study = dtms.verb("study", "hedgetui.console.dtms_study:run", "random entries, defended or not")
    study.add_argument("--entries", type=int, default=1000, metavar="N", help="random trades")
    study.add_argument(
        "--profile-rules", choices=("guarded", "reference"), default="guarded",
        help="all guards, or the bare thresholds",
    )  # fmt: skip
    for made in (score, study):
        made.add_argument("--m5", metavar="FILE", help="M5 bars, CSV or CSV.GZ")
        made.add_argument("--m15", metavar="FILE", help="M15 bars; alone, each is evaluated")
        made.add_argument(
            "--tz", default="UTC", metavar="ZONE",
            help="zone of the files: Europe/Athens, +03:00, mt5 (New York + 7 h)",
        )  # fmt: skip
    _add_defence_verbs(dtms)


def _add_defence_verbs(dtms: Commands) -> None:
    module = "hedgetui.console.dtms"
    dtms.verb("status", f"{module}:status", "how many trades are defended and where they stand")
    history = dtms.verb("history", f"{module}:history", "every action, oldest first")
    history.add_argument("--ticket", type=int, metavar="T", help="of one trade")
    questions = (
        ("hedge", "hedge a trade now"), ("unhedge", "close its hedge"),
        ("close", "close it and its hedge"), ("half", "close half of it"),
        ("breakeven", "put its stop to the entry price"), ("auto", "what it may do by itself"),
        ("adopt", "watch a position that was left out"), ("ignore", "watch it no longer"),
        ("resolve", "say what became of its unknown action"),
    )  # fmt: skip
    asked = {name: dtms.question(name, text, "dtms ") for name, text in questions}
    shown = dtms.verb("trade", f"{module}:trade", "one trade: state, score, deadlines, guards")
    for made in (shown, *asked.values()):
        made.add_argument("ticket", type=int, metavar="TICKET", help="as the DTMS table shows it")
    for name in ("hedge", "unhedge", "close", "half", "breakeven"):
        asked[name].add_argument("--yes", action="store_true", help="send what the preview shows")
    asked["auto"].add_argument("automation", choices=("auto", "alert", "off"), help="or only say")
    _add_verdict(asked["resolve"])


def _add_accounts_verbs(accounts: Commands) -> None:
    module = "hedgetui.console.accounts"
    taken = accounts.question("import", "book a CSV file of cash and hedge orders", ACCOUNTS)
    taken.add_argument("file", metavar="FILE", help="all of it is booked, or nothing")
    given = accounts.verb("export", f"{module}:export", "every cash and hedge order as CSV")
    given.add_argument("file", metavar="FILE", nargs="?", help="a new file; stdout without one")
    given.add_argument("--links", action="store_true", help="which hedge covers which cash instead")
    tree = accounts.verb("tree", f"{module}:tree", "tails, hedges and the cash under them")
    tree.add_argument("--days", type=int, metavar="N", help="look back so many days, 1 to 30")
    tree.add_argument("--all", action="store_true", help="everything there ever was")
    what_if = accounts.verb("what-if", f"{module}:what_if", "what the rule would place")
    _add_numbers(what_if)
    _add_tail_questions(accounts)


def _add_numbers(what_if: Parser) -> None:
    add = what_if.add_argument
    add("--balance", type=int, required=True, metavar="UNITS", help="positive: bought, uncovered")
    add("--pending", type=int, default=0, metavar="UNITS", help="of hedges that work, signed")
    add("--contract-size", type=int, default=5_000, metavar="UNITS", help="5000")
    add("--threshold", type=int, default=51, metavar="PCT", help="percent of a contract, 51")
    add("--mode", default="auto", choices=MODES, type=str.lower, help="auto")


def _add_tail_questions(accounts: Commands) -> None:
    made = {
        name: accounts.question(name, text, ACCOUNTS)
        for name, text in (
            ("hedge", "hedge a tail now, whatever its mode"),
            ("adjust", "add units to a balance by hand"),
            ("mode", "who may hedge a tail by rule: auto, sell, buy or manual"),
            ("roll", "move a tail and its hedges into another month"),
            ("suspend", "cancel own hedges and place none; tracking goes on"),
            ("resume", "hedge by rule again"),
        )
    }
    for name, end in (("hedge", ""), ("adjust", " UNITS"), ("mode", " MODE"), ("roll", " INTO")):
        made[name].usage = f"%(prog)s [options] KEY{end}"
        made[name].add_argument("words", nargs="+", metavar=f"KEY{end}", help=KEY)
    made["adjust"].add_argument("--comment", required=True, metavar="TEXT", help="why; journalled")
    made["mode"].add_argument("--threshold", type=int, metavar="PCT", help="percent of a contract")
    made["suspend"].add_argument("--why", default="suspended from the console", help="journalled")
    for name in ("hedge", "adjust", "roll"):
        made[name].add_argument("--yes", action="store_true", help="do what the preview shows")


def _add_balance_verbs(commands: Commands) -> None:
    module = "hedgetui.console.balance"
    balance = commands.either(
        "balance", f"{module}:balance", "what a book leans to, and offsets", ("positions",)
    )
    _add_book(balance)
    balance.add_argument("--nav", type=float, metavar="USD", help="else of the account or lines")
    grow = commands.either(
        "grow", f"{module}:grow", "new exposure in the direction of the regime", ("closes", "vix")
    )
    _add_levels(grow)
    sent = _add_send(commands.below(grow), "grow ")
    for made, default in ((grow, None), (sent, argparse.SUPPRESS)):
        made.add_argument(
            "--regime", type=str.lower, metavar="NAME", default=default,
            choices=("stagflation", "goldilocks", "disinflationary", "inflationary", "default"),
            help="stagflation, goldilocks, disinflationary, inflationary, default; else measured",
        )  # fmt: skip
    _add_send(commands.below(balance), "balance ")
    for made in (balance, grow):
        made.add_argument("--budget", metavar="USD", help="to spend at most (500)")
        made.add_argument("--max", type=int, metavar="N", help="rows at most (3)")
    _add_stress_verb(commands)
    _add_recommend_verb(commands)


def _add_send(rows: Commands, family: str) -> Parser:
    sent = rows.question("send", "a row as a ticket, with its preview", family)
    sent.add_argument("number", type=int, metavar="N", help="of the row, as the table counts")
    sent.add_argument("--yes", action="store_true", help="send what the preview shows")
    return sent


def _add_stress_verb(commands: Commands) -> None:
    stress = commands.either(
        "stress", "hedgetui.console.stress:run", "what a book could lose", ("positions",)
    )
    _add_book(stress)
    add = stress.add_argument
    add("-n", type=int, default=10_000, dest="paths", metavar="N", help="paths (10000)")
    add("--horizon", type=float, default=6.0, metavar="MONTHS", help="to look ahead (6)")
    add("--regime", default="ALL", metavar="NAME", help="of the market (ALL), as RISK_OFF")
    add("--cash", type=float, metavar="USD", help="beside the positions of a file (0)")
    add("--real", action="store_true", help="the portfolio of the desk, as without --positions")
    add("--grid", action="store_true", help="also price × volatility × days")


def _add_recommend_verb(commands: Commands) -> None:
    module = "hedgetui.console.recommend"
    recommend = commands.either(
        "recommend", f"{module}:run", "one option for a direction", ("chain",)
    )
    add = recommend.add_argument
    add("--ticker", required=True, metavar="SYMBOL", help="of the underlying")
    add("--direction", required=True, choices=("bullish", "bearish"), help="where it goes")
    add("--budget", type=float, default=500.0, metavar="USD", help="to spend at most (500)")
    add("--chain", metavar="FILE", help="CSV of option quotes")
    add("--price", type=float, metavar="X", help="of the underlying, where the chain says none")
    add("--day", metavar="DATE", help="of the quotes: 2025-11-20")
    add("--csv", action="store_true", help="the contract as CSV")
    add("--send", action="store_true", help="the contract as a ticket, with its preview")
    add("--yes", action="store_true", help="send what the preview shows")


def _add_book(made: Parser) -> None:
    """What a verb takes that values a book."""
    add = made.add_argument
    add("--positions", metavar="FILE", help="CSV, instead of a desk: symbol,type,quantity,strike,…")
    add("--index", metavar="SYMBOL", help="of a file: what deltas are weighted to (SPY)")
    add("--day", metavar="DATE", help="of a file: 2025-11-20; else today")
    for name, text in (("--spot", "a price"), ("--beta", "a beta to the index")):
        add(name, action="append", default=[], metavar="SYMBOL=N", help=f"{text}, repeatable")
    _add_levels(made)


def _add_levels(made: Parser) -> None:
    add = made.add_argument
    add("--vix", type=float, metavar="X", help="level of VIX, as 14.9")
    add("--closes", metavar="FILE", help="daily closes, CSV: date,SPY,QQQ,…")
    add("--csv", action="store_true", help="the rows as CSV")


def _add_config_verbs(config: Commands) -> None:
    module = "hedgetui.console.config"
    config.verb("init", f"{module}:init", "write the commented configuration file")
    config.verb("path", f"{module}:path", "where the configuration comes from")
    config.verb("validate", f"{module}:validate", "check the configuration")
    config.verb("show", f"{module}:show", "the settings in force, secrets hidden")


def _add_journal_verbs(journal: Commands) -> None:
    module = "hedgetui.console.journal"
    tail = journal.verb("tail", f"{module}:tail", "the newest facts")
    tail.add_argument("-n", type=int, default=20, metavar="N", dest="count", help="how many")
    journal.verb("verify", f"{module}:verify", "hash chain and invariants")
    export = journal.verb("export", f"{module}:export", "every fact as CSV or JSON lines")
    export.add_argument("--csv", action="store_true", help="CSV instead of JSON lines")


def _add_tool_verbs(commands: Commands, tree: Callable[[], argparse.ArgumentParser]) -> None:
    serve = commands.verb(
        "simulate", "hedgetui.console.simulate:run", "the simulated exchange as a local server"
    )
    serve.add_argument(
        "--tws", type=int, nargs="?", const=7497, metavar="PORT",
        help="speak the TWS protocol there (7497)",
    )  # fmt: skip
    serve.add_argument(
        "--mt5", type=int, nargs="?", const=18812, metavar="PORT",
        help="be an MT5 terminal behind the bridge there (18812)",
    )  # fmt: skip
    serve.add_argument("--token", metavar="FILE", help="the bridge's token; made if there is none")
    serve.add_argument("--admin", type=int, metavar="PORT", help="take faults as lines of text")
    serve.add_argument("--scenario", metavar="NAME", help="a built-in scenario")
    serve.add_argument("--speed", type=float, metavar="X", help="simulated seconds per second")
    serve.add_argument("--start", metavar="TIME", help="begin at 2025-11-19T14:31:00Z, not now")
    serve.add_argument(
        "--state", metavar="FILE", help="keep orders and account there; MT5 in FILE.mt5"
    )
    bridge = commands.verb(
        "mt5-bridge", "hedgetui.console.mt5_bridge:run", "lend this MT5 terminal to a desk"
    )
    bridge.add_argument("--port", type=int, default=18812, metavar="PORT", help="18812; 0: any")
    bridge.add_argument("--token", metavar="FILE", help="its key; made when it does not exist")
    bridge.add_argument("--terminal", default="", metavar="FILE", help="terminal64.exe to start")
    commands.verb("doctor", "hedgetui.console.doctor:run", "checks, one line each with a fix")
    commands.verb("keys", f"{ENTRY}:keys", "every key, as a table")
    made = commands.verb(
        "completion", "hedgetui.console.completion:run", "the script that completes commands",
        tree=tree,
    )  # fmt: skip
    made.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
