"""Bad input: malformed JSON and HTTP, wrong types, floods, other sites, connections that stall."""

import json
import unittest

from common import ENDLESS, Server, post_bytes, read_all, read_reply

PLAIN = {"prompt": "a"}
CHAT = {"messages": [{"role": "user", "content": "a"}]}


def bad(**fields):
    return {**PLAIN, **fields}


def bad_chat(**fields):
    return {**CHAT, **fields}


# (path, body, the parameter that the error names)
REFUSED = [
    ("/v1/completions", {}, "prompt"),
    ("/v1/completions", {"prompt": {}}, "prompt"),
    ("/v1/completions", {"prompt": []}, "prompt"),
    ("/v1/completions", {"prompt": ""}, "prompt"),
    ("/v1/completions", {"prompt": [[]]}, "prompt"),
    ("/v1/completions", {"prompt": ["a", 1]}, "prompt"),
    ("/v1/completions", {"prompt": [1, "a"]}, "prompt"),
    ("/v1/completions", {"prompt": [-1]}, "prompt"),
    ("/v1/completions", {"prompt": [256]}, "prompt"),
    ("/v1/completions", {"prompt": [1.5]}, "prompt"),
    ("/v1/completions", {"prompt": [2**63]}, "prompt"),
    ("/v1/completions", {"prompt": ["a"] * 129}, "prompt"),
    ("/v1/completions", {"prompt": ["a"] * 2, "n": 128}, "prompt"),
    ("/v1/completions", bad(model=7), "model"),
    ("/v1/completions", bad(temperature="hot"), "temperature"),
    ("/v1/completions", bad(temperature=True), "temperature"),
    ("/v1/completions", bad(temperature=-0.1), "temperature"),
    ("/v1/completions", bad(temperature=2.1), "temperature"),
    ("/v1/completions", bad(top_p=0), "top_p"),
    ("/v1/completions", bad(top_p=1.1), "top_p"),
    ("/v1/completions", bad(top_k=-2), "top_k"),
    ("/v1/completions", bad(min_p=2), "min_p"),
    ("/v1/completions", bad(presence_penalty=3), "presence_penalty"),
    ("/v1/completions", bad(frequency_penalty=[]), "frequency_penalty"),
    ("/v1/completions", bad(repetition_penalty=0), "repetition_penalty"),
    ("/v1/completions", bad(max_tokens=0), "max_tokens"),
    ("/v1/completions", bad(max_tokens=1.5), "max_tokens"),
    ("/v1/completions", bad(max_tokens=2**64), "max_tokens"),
    ("/v1/completions", bad(n=0), "n"),
    ("/v1/completions", bad(n=129), "n"),
    ("/v1/completions", bad(stop=""), "stop"),
    ("/v1/completions", bad(stop=["x"] * 17), "stop"),
    ("/v1/completions", bad(stop=[1]), "stop"),
    ("/v1/completions", bad(stop="x" * 1025), "stop"),
    ("/v1/completions", bad(stream="yes"), "stream"),
    ("/v1/completions", bad(stream_options={"include_usage": True}), "stream_options"),
    ("/v1/completions", bad(stream=True, stream_options={"include_usage": 1}), "stream_options.include_usage"),
    ("/v1/completions", bad(seed=0.5), "seed"),
    ("/v1/completions", bad(logprobs=21), "logprobs"),
    ("/v1/completions", bad(logprobs=1, echo=True), "logprobs"),
    ("/v1/completions", bad(logit_bias=[1]), "logit_bias"),
    ("/v1/completions", bad(logit_bias={"a": 1}), "logit_bias"),
    ("/v1/completions", bad(logit_bias={"256": 1}), "logit_bias"),
    ("/v1/completions", bad(logit_bias={"1": 101}), "logit_bias"),
    ("/v1/completions", bad(logit_bias={"1": "x"}), "logit_bias"),
    ("/v1/completions", bad(suffix="x"), "suffix"),
    ("/v1/completions", bad(best_of=2), "best_of"),
    ("/v1/completions", bad(response_format={"type": "json_schema"}), "response_format"),
    ("/v1/completions", bad(guided_json={}), "guided_json"),
    ("/v1/chat/completions", {}, "messages"),
    ("/v1/chat/completions", {"messages": []}, "messages"),
    ("/v1/chat/completions", {"messages": "hi"}, "messages"),
    ("/v1/chat/completions", {"messages": ["hi"]}, "messages[0]"),
    ("/v1/chat/completions", {"messages": [{"content": "x"}]}, "messages[0].role"),
    ("/v1/chat/completions", {"messages": [{"role": 1}]}, "messages[0].role"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "villain"}]}, "messages"),
    ("/v1/chat/completions", bad_chat(tools={}), "tools"),
    ("/v1/chat/completions", bad_chat(tools=[1]), "tools"),
    ("/v1/chat/completions", bad_chat(tool_choice="required"), "tool_choice"),
    ("/v1/chat/completions", bad_chat(tool_choice={"type": "function"}), "tool_choice"),
    ("/v1/chat/completions", bad_chat(functions=[]), "functions"),
    ("/v1/chat/completions", bad_chat(logprobs=1), "logprobs"),
    ("/v1/chat/completions", bad_chat(top_logprobs=1), "top_logprobs"),
    ("/v1/chat/completions", bad_chat(modalities=["audio"]), "modalities"),
    ("/v1/chat/completions", bad_chat(max_completion_tokens=0), "max_completion_tokens"),
    ("/v1/chat/completions", bad_chat(chat_template_kwargs=[]), "chat_template_kwargs"),
    ("/v1/embeddings", {"input": "a"}, "model"),
    ("/tokenize", {}, "prompt"),
    ("/detokenize", {"tokens": "a"}, "tokens"),
    ("/detokenize", {"tokens": [999]}, "tokens"),
]
MALFORMED = [b"", b"{", b"[]", b"null", b"7", b'"text"', b"{'prompt': 1}", b'{"prompt": "a", "prompt": "b"}',
             b'{"prompt": "\xff"}', b'{"prompt": "\\ud800"}', b'{"prompt": "a"}\0', b'\xef\xbb\xbf{"prompt": "a"}',
             b'{"prompt": "a", "temperature": NaN}', b'{"prompt": "a", "temperature": Infinity}',
             b'{"prompt": "a", "temperature": 1e999}', b'{"prompt": ' + b"[" * 100_000, b'{"a":' * 100_000,
             b'{"prompt": "a"} {}']


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(step_us=10, context=100, header_seconds=0.5, body_seconds=0.5))

    def tearDown(self):
        self.assertEqual(self.server.call("GET", "/health")[0], 200)

    def error_of(self, status, answer):
        self.assertEqual(answer[0], status, answer)
        error = json.loads(answer[2])["error"]
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertTrue(error["message"])
        return error

    def test_names_the_parameter_at_fault(self):
        for path, body, parameter in REFUSED:
            with self.subTest(path=path, body=str(body)[:100]):
                error = self.error_of(400, self.server.call("POST", path, body))
                self.assertEqual((error["type"], error["param"]), ("invalid_request_error", parameter))

    def test_refuses_what_is_no_json_object(self):
        for body in MALFORMED:
            for path in ("/v1/completions", "/v1/chat/completions", "/tokenize"):
                with self.subTest(path=path, body=body[:60]):
                    if body:
                        self.error_of(400, self.server.call("POST", path, raw=body))
                    else:
                        self.assertEqual(self.server.call("POST", path, raw=body)[0], 400)

    def test_refuses_objects_with_very_many_members_in_chats(self):
        self.error_of(400, self.server.call("POST", "/v1/chat/completions", bad_chat(metadata={str(i): i for i in range(600)})))

    def test_refuses_prompts_that_fill_the_context(self):
        self.assertEqual(self.server.call("POST", "/v1/completions", {"prompt": "a" * 99, "max_tokens": 1})[0], 200)
        error = self.error_of(400, self.server.call("POST", "/v1/completions", {"prompt": "a" * 100}))
        self.assertEqual((error["code"], error["param"]), ("context_length_exceeded", "prompt"))
        error = self.error_of(400, self.server.call("POST", "/v1/chat/completions", {"messages": [{"role": "u", "content": "a" * 100}]}))
        self.assertEqual(error["code"], "context_length_exceeded")

    def test_refuses_paths_methods_and_types(self):
        self.error_of(404, self.server.call("GET", "/nowhere"))
        self.error_of(404, self.server.call("GET", "/v1/models/x/y"))
        for method, path, allow in (("GET", "/v1/completions", "POST"), ("DELETE", "/v1/models", "GET, HEAD"),
                                    ("OPTIONS", "/v1/completions", "POST"), ("PUT", "/", "GET, HEAD")):
            answer = self.server.call(method, path)
            self.error_of(405, answer)
            self.assertEqual(answer[1]["Allow"], allow)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
            self.error_of(415, self.server.call("POST", "/v1/completions", PLAIN, {"Content-Type": kind}))
        self.assertEqual(self.server.call("POST", "/v1/completions", PLAIN, {"Content-Type": "Application/JSON; charset=utf-8"})[0], 200)

    def test_lets_no_other_site_in(self):
        for host in ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"):
            self.error_of(403, self.server.call("GET", "/health", headers={"Host": host}))
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8000"):
            self.assertEqual(self.server.call("GET", "/health", headers={"Host": host})[0], 200)
        answer = self.server.call("POST", "/v1/completions", PLAIN, {"Origin": "https://evil.example"})
        self.assertFalse([name for name in answer[1] if name.lower().startswith("access-control")])

    def send(self, data):
        with self.server.connect() as connection:
            connection.sendall(data)
            return read_all(connection)

    def status_of(self, data):
        return int(self.send(data).split(b" ", 2)[1])

    def test_refuses_malformed_http(self):
        for data in (b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"GET http://x/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"):
            with self.subTest(data):
                self.assertEqual(self.status_of(data), 400)
        self.assertEqual(self.status_of(post_bytes("/v1/completions", PLAIN, Expect="200-maybe")), 417)

    def test_wants_the_bodys_length_and_bounds_it(self):
        head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self.assertEqual(self.status_of(head + b"Connection: close\r\n\r\n"), 411)
        self.assertEqual(self.status_of(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 411)
        self.assertEqual(self.status_of(head + b"Content-Length: 5000000\r\n\r\n" + b"x" * 100_000), 413)
        self.assertEqual(self.status_of(head + b"Content-Length: 18446744073709551615\r\n\r\n"), 413)

    def test_bounds_the_header(self):
        flood = b"".join(b"X-%d: y\r\n" % i for i in range(5000))
        self.assertEqual(self.status_of(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + flood + b"\r\n"), 431)
        self.assertEqual(self.status_of(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"), 431)

    def test_says_100_continue(self):
        request = post_bytes("/v1/completions", PLAIN, Expect="100-continue")
        head, body = request.split(b"\r\n\r\n", 1)
        with self.server.connect() as connection:
            connection.sendall(head + b"\r\n\r\n")
            self.assertEqual(connection.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(body)
            self.assertEqual(read_reply(connection)[0], 200)

    def test_ends_slow_and_silent_connections(self):
        with self.server.connect() as silent, self.server.connect() as slow, self.server.connect() as half:
            slow.sendall(b"GET / HT")
            half.sendall(post_bytes("/v1/completions", PLAIN)[:-3])
            self.assertEqual(read_all(silent), b"")
            self.assertTrue(read_all(slow).startswith(b"HTTP/1.1 408 "))
            self.assertTrue(read_all(half).startswith(b"HTTP/1.1 408 "))

    def test_serves_pipelined_requests_in_order_and_bounds_them(self):
        requests = b"".join(post_bytes("/v1/completions", {"prompt": text}) for text in "abc")
        with self.server.connect() as connection:
            connection.sendall(requests + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            replies = read_all(connection)
        self.assertEqual(replies.count(b"HTTP/1.1 200 OK"), 4)
        places = [replies.index(b'"text":"%s"' % text) for text in (b"a", b"b", b"c")]
        self.assertEqual(places, sorted(places))
        with self.server.connect() as connection:
            try:
                connection.sendall(post_bytes("/v1/completions", ENDLESS) + b"x" * 1_000_000)
            except OSError:
                pass  # the server has hung up
            read_all(connection)
        self.server.wait_until(lambda f: f["running"] == 0, "nothing runs")

    def test_serves_http_1_0(self):
        request = post_bytes("/v1/completions", {"prompt": "hello", "stream": True}).replace(b"HTTP/1.1", b"HTTP/1.0")
        reply = self.send(request)
        self.assertNotIn(b"chunked", reply)
        self.assertTrue(reply.endswith(b"data: [DONE]\n\n"))

    def test_replies_to_head_without_a_body(self):
        answer = self.server.call("HEAD", "/")
        self.assertEqual((answer[0], answer[2]), (200, b""))
        self.assertGreater(int(answer[1]["Content-Length"]), 1000)


if __name__ == "__main__":
    unittest.main()
