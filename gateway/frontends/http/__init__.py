"""What the HTTP frontends share: the server, request bodies, answers with objects, and headers."""
