"""What the tests of the server have in common."""

import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import time

PROBE = sys.argv.pop(1) if len(sys.argv) > 1 else sys.exit("usage: TEST.py SERVE_PROBE")
PATIENCE = 20


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


class Server:
    """serve_probe, running; `options` are its own, with "_" for "-"."""

    def __init__(self, key=None, **options):
        command = [PROBE]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        environment = {k: v for k, v in os.environ.items() if k != "HADAL_API_KEY"}
        if key:
            environment["HADAL_API_KEY"] = key
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.url = self.process.stdout.readline().strip()
        self.host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def call(self, method, path, body=None, headers=None, raw=None):
        """(status, header fields, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            fields = dict(headers or {})
            if body is not None:
                raw = json.dumps(body)
            if raw is not None:
                fields.setdefault("Content-Type", "application/json")
            connection.request(method, path, raw, fields)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def figures(self):
        return json.loads(self.call("GET", "/figures")[2])

    def wait_until(self, condition, what):
        """Waits until `condition` holds of the server's figures."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            figures = self.figures()
            if condition(figures):
                return figures
            time.sleep(0.01)
        raise AssertionError(f"{what} never came true: {figures}")

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def threads(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()))


def post_bytes(path, body, **fields):
    """The bytes of a POST request with the JSON `body`."""
    text = json.dumps(body).encode()
    head = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(text), **fields}
    lines = [f"POST {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in head.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def read_all(connection):
    """What comes until the other side closes."""
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def read_reply(connection):
    """(status, body) of a reply of known length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise AssertionError(f"the connection ended after {data!r}")
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), body


ENDLESS = {"prompt": "tick ", "stream": True, "max_tokens": 1_000_000, "ignore_eos": True}
