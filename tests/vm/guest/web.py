#!/usr/bin/python3
"""A TLS server whose certificate is read anew for each connection, so that it changes
without the listening socket changing: web.py PORT LINK, where LINK.pem and LINK.key
are what is served."""

import socket
import ssl
import sys

listener = socket.create_server(("", int(sys.argv[1])), backlog=64)
while True:
    connection, _ = listener.accept()
    connection.settimeout(5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{sys.argv[2]}.pem", f"{sys.argv[2]}.key")
    try:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)
    except OSError:
        connection.close()
