"""What the fake providers tell by webhook: receipts, and what customers write.

Signed as the real ones sign; in disorder, twice, late, not at all or wrongly signed
where that is ordered. Every provider has a file that builds its calls.
"""
