"""The ledger: what the papers claim, what was measured, and whether it holds.

`judge` is what a lesson calls. `claims` reads lessons/claims.yml, `record` keeps the verdicts that count as known,
`report` builds the page.
"""

from labkit.ledger.verdicts import Verdicts, judge

__all__ = ["Verdicts", "judge"]
