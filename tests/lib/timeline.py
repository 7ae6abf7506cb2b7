#!/usr/bin/python3
"""What becomes of a port over time, seen by real connections.

  timeline.py FILE [STEP-MS] < TABLE
      One thing to try on each line, all of them again and again until SIGTERM:
          NAME connect SOURCE TARGET     a new TCP connection
          NAME talk SOURCE TARGET        one TLS connection that stays: HTTP requests
          NAME echo SOURCE TARGET        one TCP connection that stays, to an echo server
      FILE gets a line for each attempt, "TIME NAME FATE", TIME being when the
      attempt began (seconds of the epoch): a connection is "open" when it was
      answered within a quarter second (or PATIENCE), "shut" when not, "reset" when refused. A
      connection that stays is "open" for each answer and "shut" for the first
      request that gets none. Prints "ready" when it begins; those that stay are
      up by then.

  timeline.py first|last FATE NAME FILE [FROM]
      The time of the first or last such attempt that began at FROM or later;
      exit 1 when there is none.

  timeline.py turn NAME FILE [FROM]
      The times of the last attempt that was open, and of the first one after it:
      in between nobody looked. Exit 1 when there is no such pair.
"""

import os
import random
import selectors
import signal
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from packets import split_endpoint  # noqa: E402

# Below a second, at which a lost SYN is sent again.
PATIENCE = float(os.environ.get("PATIENCE", 0.25))
ABORT = struct.pack("ii", 1, 0)  # close() sends a reset: nothing lingers


def bound_socket(source, target):
    address, port = split_endpoint(target)
    source_address, source_port = split_endpoint(source)
    sock = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM
    )
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    if source_address != "*" or source_port:
        sock.bind(("" if source_address == "*" else source_address, int(source_port or 0)))
    return sock, (address, int(port))


# linux/tcp.h, struct tcp_info: tcpi_state, and where tcpi_total_retrans is.
ESTABLISHED, RETRANSMITTED = 1, 100


def information(sock):
    """The state, and how many segments were sent again."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RETRANSMITTED + 4)
    return info[0], struct.unpack_from("I", info, RETRANSMITTED)[0]


def is_answered(sock):
    """Was its first packet answered, only that we had no time to look?"""
    return information(sock) == (ESTABLISHED, 0)


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()

    def __call__(self, began, name, fate):
        with self.lock:
            self.file.write(f"{began:.3f} {name} {fate}\n")


def connect_again_and_again(table, log, step):
    """Every probe each step, whatever became of the one before."""
    selector = selectors.DefaultSelector()
    under_way = {}

    def settle(sock, fate):
        began, name = under_way.pop(sock)
        selector.unregister(sock)
        sock.close()
        log(began, name, fate)

    following = time.time()
    while True:
        now = time.time()
        if now >= following:
            following = max(following + step, now)
            for name, source, target in table:
                sock, address = bound_socket(source, target)
                sock.setblocking(False)
                began = time.time()
                try:
                    sock.connect(address)
                except BlockingIOError:
                    pass
                except OSError:
                    log(began, name, "reset")
                    sock.close()
                    continue
                under_way[sock] = (began, name)
                selector.register(sock, selectors.EVENT_WRITE)
        for key, _ in selector.select(max(0, min(following - time.time(), 0.02))):
            error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            # We may have been held up for a second, and the SYN sent again: what
            # counts is the fate of the first one.
            answered = "shut" if not error and information(key.fileobj)[1] else "open"
            settle(key.fileobj, "reset" if error else answered)
        now = time.time()
        for sock in [sock for sock, (began, _) in under_way.items() if now - began > PATIENCE]:
            settle(sock, "open" if is_answered(sock) else "shut")


def apart(source):
    """A port below those that new connections get (ip_local_port_range). The server may
    keep a connection that was cut and never heard of its end: a new one from the same
    port would be answered as if it were that one."""
    address, port = split_endpoint(source)
    port = port or random.randrange(10000, 32000)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def stay(name, kind, source, target, log, step, up):
    sock, address = bound_socket(apart(source), target)
    sock.settimeout(3)
    sock.connect(address)
    if kind == "talk":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock, server_hostname="www.example.com")
        question = b"HEAD / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    else:
        sock.recv(4096)
        question = b"hello\n"
    up.release()
    # An answer that was only held up by a lost packet comes after 200 ms.
    sock.settimeout(1)
    while True:
        began = time.time()
        try:
            sock.sendall(question)
            answered = bool(sock.recv(4096))
        except OSError:
            answered = False
        log(began, name, "open" if answered else "shut")
        if not answered:
            return
        time.sleep(max(0, began + step - time.time()))


def run(path, step=20):
    step = int(step) / 1000
    log = Log(path)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    table = [line.split() for line in sys.stdin if line.strip()]
    up = threading.Semaphore(0)
    staying = [row for row in table if row[1] != "connect"]
    for name, kind, source, target in staying:
        threading.Thread(
            target=stay, args=(name, kind, source, target, log, step, up), daemon=True
        ).start()
    for _ in staying:
        if not up.acquire(timeout=10):
            sys.exit("a connection that shall stay does not come up")
    print("ready", flush=True)
    connect_again_and_again(
        [(name, source, target) for name, kind, source, target in table if kind == "connect"],
        log,
        step,
    )


def find(which, fate, name, path, start="0"):
    times = []
    with open(path) as file:
        for line in file:
            began, its_name, its_fate = line.split()
            if its_name == name and its_fate == fate and float(began) >= float(start):
                times.append(float(began))
    if not times:
        sys.exit(1)
    print(f"{min(times) if which == 'first' else max(times):.3f}")


def turn(name, path, start="0"):
    with open(path) as file:
        rows = [line.split() for line in file]
    rows = [(float(row[0]), row[2]) for row in rows if row[1] == name and float(row[0]) >= float(start)]
    last = max((began for began, fate in rows if fate == "open"), default=None)
    following = [began for began, _ in rows if last is not None and began > last]
    if not following:
        sys.exit(1)
    print(f"{last:.3f} {min(following):.3f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] in ("first", "last"):
        find(*sys.argv[1:])
    elif sys.argv[1] == "turn":
        turn(*sys.argv[2:])
    else:
        run(*sys.argv[1:])
