"""`/crossdomain.xml`: which pages old browser plugins let look at this service."""

PATH = "/crossdomain.xml"

HEAD = (
    '<?xml version="1.0"?>\n'
    '<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >\n'
)


def document(policy: str) -> bytes:
    """The document that says `policy`, which are elements of it."""
    return f"{HEAD}<cross-domain-policy>\n{policy}\n</cross-domain-policy>".encode()
