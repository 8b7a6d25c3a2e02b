"""The FTP door (RFC 959, 2228, 2389, 2428, 3659): directories and transfers over the Store contract."""
