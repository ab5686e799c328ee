"""Keys, clients that leave or lag, full queues, and the server's end."""

import http.client
import json
import socket
import time
import unittest

from common import ENDLESS, Server, post_bytes, read_all, read_reply

PLAIN = {"prompt": "a"}


class Keys(unittest.TestCase):
    def test_are_wanted_everywhere_but_for_the_page_and_health(self):
        with Server(key="right") as server:
            for path in ("/", "/page.js", "/page.css", "/health"):
                self.assertEqual(server.call("GET", path)[0], 200)
            for path in ("/v1/models", "/v1/models/fake", "/metrics", "/figures"):
                for key in (None, "Bearer wrong", "Bearer ", "Bearer right ", "Bearer rightx", "right", "Basic right"):
                    if key == "Bearer right ":
                        continue  # HTTP takes away the space
                    answer = server.call("GET", path, headers={"Authorization": key} if key else {})
                    self.assertEqual((answer[0], answer[1]["WWW-Authenticate"]), (401, "Bearer"))
                self.assertEqual(server.call("GET", path, headers={"Authorization": "Bearer right"})[0], 200)
            for path in ("/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/tokenize", "/detokenize"):
                self.assertEqual(server.call("POST", path, PLAIN)[0], 401)


class Load(unittest.TestCase):
    def test_turns_away_what_the_queue_cannot_take(self):
        with Server(capacity=2) as server, server.connect() as first:
            first.sendall(post_bytes("/v1/completions", {**ENDLESS, "n": 2}))
            server.wait_until(lambda f: f["running"] == 2, "two run")
            status, fields, body = server.call("POST", "/v1/completions", PLAIN)
            self.assertEqual((status, fields["Retry-After"]), (429, "2"))
            self.assertEqual(json.loads(body)["error"]["code"], "queue_full")
            first.close()
            server.wait_until(lambda f: f["running"] == 0, "none runs")
            # What did get in of a call that does not fit goes out again.
            self.assertEqual(server.call("POST", "/v1/completions", {**PLAIN, "n": 3})[0], 429)
            server.wait_until(lambda f: f["running"] == 0, "none runs")

    def test_cancels_at_once_what_a_client_leaves(self):
        with Server() as server:
            for stream in (True, False):
                with server.connect() as connection:
                    connection.sendall(post_bytes("/v1/completions", {**ENDLESS, "stream": stream, "n": 3}))
                    server.wait_until(lambda f: f["running"] == 3, "three run")
                server.wait_until(lambda f: f["running"] == 0, "none runs")

    def test_drops_a_reader_that_lags_and_serves_the_others(self):
        with Server(step_us=0, max_output_bytes=100_000, context=100_000_000) as server, server.connect() as lagging:
            lagging.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lagging.sendall(post_bytes("/v1/completions", {**ENDLESS, "max_tokens": 100_000_000, "n": 8}))
            server.wait_until(lambda f: f["running"] == 8, "eight run")
            self.assertEqual(server.call("POST", "/v1/completions", {"prompt": "abc"})[0], 200)
            server.wait_until(lambda f: f["running"] == 0, "the lagging reader's requests end")

    def test_ends_a_reader_that_takes_nothing_in_time(self):
        with Server(step_us=100, write_seconds=0.5, context=100_000_000) as server, server.connect() as lagging:
            lagging.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lagging.sendall(post_bytes("/v1/completions", {**ENDLESS, "max_tokens": 100_000_000, "n": 4}))
            server.wait_until(lambda f: f["running"] == 4, "four run")
            server.wait_until(lambda f: f["running"] == 0, "the reader's requests end")

    def test_ends_requests_that_take_too_long(self):
        with Server(request_seconds=0.5, context=100_000_000) as server:
            whole = server.call("POST", "/v1/completions", {**ENDLESS, "stream": False})
            self.assertEqual((whole[0], json.loads(whole[2])["error"]["code"]), (504, "timeout"))
            stream = server.call("POST", "/v1/completions", ENDLESS)
            self.assertEqual(stream[0], 200)
            self.assertEqual(json.loads(stream[2].split(b"\n\n")[-2].removeprefix(b"data: "))["error"]["code"], "timeout")
            server.wait_until(lambda f: f["running"] == 0, "none runs")

    def test_bounds_connections(self):
        with Server(max_connections=3) as server:
            held = [server.connect() for _ in range(3)]
            for connection in held:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(read_reply(connection)[0], 200)
            with server.connect() as one_more:
                self.assertEqual(read_reply(one_more)[0], 503)
            held.pop().close()
            end = time.monotonic() + 30
            status = 503
            while status == 503 and time.monotonic() < end:
                try:
                    status = server.call("GET", "/health")[0]
                except (ConnectionError, http.client.HTTPException):
                    pass  # the refusal may overtake the request
            self.assertEqual(status, 200)
            for connection in held:
                connection.close()


class Drain(unittest.TestCase):
    def test_finishes_what_runs_and_begins_no_more(self):
        with Server(step_us=2000) as server, server.connect() as running, server.connect() as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(read_reply(idle)[0], 200)
            running.sendall(post_bytes("/v1/completions", {**ENDLESS, "max_tokens": 500}))
            server.wait_until(lambda f: f["running"] == 1, "one runs")
            server.terminate()
            self.assertEqual(read_all(idle), b"")
            status, _, body = server.call("GET", "/health")
            self.assertEqual((status, json.loads(body)), (503, {"status": "draining"}))
            status, fields, body = server.call("POST", "/v1/completions", PLAIN)
            self.assertEqual((status, fields["Retry-After"]), (503, "5"))
            reply = read_all(running)
            self.assertIn(b"data: [DONE]", reply)
            self.assertEqual(reply.count(b'"text":'), 501 if b'"text":""' in reply else 500)
            self.assertEqual(server.process.wait(30), 0)

    def test_cancels_what_does_not_end(self):
        with Server(drain_seconds=0.3) as server, server.connect() as running:
            running.sendall(post_bytes("/v1/completions", ENDLESS))
            server.wait_until(lambda f: f["running"] == 1, "one runs")
            server.terminate()
            self.assertIn(b'"code":"shutting_down"', read_all(running))
            self.assertEqual(server.process.wait(30), 1)

    def test_ends_at_once_at_the_second_signal(self):
        with Server(drain_seconds=300) as server, server.connect() as running:
            running.sendall(post_bytes("/v1/completions", ENDLESS))
            server.wait_until(lambda f: f["running"] == 1, "one runs")
            server.terminate()
            end = time.monotonic() + 30
            while server.call("GET", "/health")[0] != 503 and time.monotonic() < end:
                time.sleep(0.01)
            server.terminate()
            self.assertEqual(server.process.wait(30), -15)


if __name__ == "__main__":
    unittest.main()
