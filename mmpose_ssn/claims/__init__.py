"""The paper's claims: what each says, the rules for a verdict, and what measures each kind."""

from mmpose_ssn.claims.catalogue import claims
from mmpose_ssn.claims.claim import Claim, Margin, Place, PrintedProtocol
from mmpose_ssn.claims.orderings import Ordering, orderings

__all__ = ["Claim", "Margin", "Ordering", "Place", "PrintedProtocol", "claims", "orderings"]
