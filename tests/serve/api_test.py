"""The API as OpenAI's own client uses it, and the errors that it gets."""

import json
import unittest

from common import Server, skip

try:
    import openai
except ImportError:
    skip("the Python package openai is absent")
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    skip("the Python package prometheus-client is absent")

TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}}}


class Client(unittest.TestCase):
    """The package openai, as it is."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(key="secret-1", step_us=100))
        cls.client = openai.OpenAI(base_url=cls.server.url + "/v1", api_key="secret-1", max_retries=0)
        cls.addClassCleanup(cls.client.close)

    def complete(self, prompt, **more):
        return self.client.completions.create(model="fake", prompt=prompt, **more)

    def chat(self, content, **more):
        return self.client.chat.completions.create(model="fake", messages=[{"role": "user", "content": content}], **more)

    def test_lists_the_model(self):
        models = self.client.models.list().data
        self.assertEqual([model.id for model in models], ["fake"])
        self.assertEqual(self.client.models.retrieve("fake").id, "fake")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.models.retrieve("a/b")
        self.assertEqual(caught.exception.code, "model_not_found")

    def test_completes(self):
        reply = self.complete("hello", max_tokens=50)
        self.assertEqual(reply.choices[0].text, "hello")
        self.assertEqual(reply.choices[0].finish_reason, "stop")
        self.assertEqual((reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens), (5, 5, 10))
        self.assertEqual(reply.usage.prompt_tokens_details.cached_tokens, 2)
        self.assertRegex(reply.id, "^cmpl-")
        self.assertIsNotNone(reply._request_id)

    def test_completes_16_tokens_where_nothing_is_said(self):
        reply = self.complete("x" * 40)
        self.assertEqual((reply.choices[0].text, reply.choices[0].finish_reason), ("x" * 16, "length"))

    def test_streams_a_completion(self):
        parts = list(self.complete("grüße 🌍!", stream=True, max_tokens=99, stream_options={"include_usage": True}))
        self.assertEqual("".join(part.choices[0].text for part in parts[:-1]), "grüße 🌍!")
        self.assertEqual([part.choices[0].finish_reason for part in parts[:-1] if part.choices[0].finish_reason], ["stop"])
        self.assertEqual(parts[-1].choices, [])
        self.assertEqual(parts[-1].usage.completion_tokens, len("grüße 🌍!".encode()))
        self.assertEqual({part.id for part in parts}, {parts[0].id})

    def test_completes_several_prompts_n_times(self):
        reply = self.complete(["ab", "cde"], n=2, echo=True, max_tokens=9)
        self.assertEqual([choice.text for choice in reply.choices], ["abab", "abab", "cdecde", "cdecde"])
        self.assertEqual([choice.index for choice in reply.choices], [0, 1, 2, 3])
        self.assertEqual((reply.usage.prompt_tokens, reply.usage.completion_tokens), (5, 10))
        self.assertEqual(reply.usage.prompt_tokens_details.cached_tokens, 2)

    def test_takes_token_ids(self):
        self.assertEqual(self.complete([104, 105]).choices[0].text, "hi")
        self.assertEqual([c.text for c in self.complete([[104], [105]]).choices], ["h", "i"])

    def test_stops_at_a_text(self):
        reply = self.complete("one two three", stop=["two", "never"], max_tokens=99)
        self.assertEqual((reply.choices[0].text, reply.choices[0].finish_reason), ("one ", "stop"))

    def test_gives_logprobs_of_completions(self):
        logprobs = self.complete("aé", logprobs=2, max_tokens=9).choices[0].logprobs
        self.assertEqual(logprobs.tokens[0], "a")
        self.assertEqual(logprobs.token_logprobs, [-0.5, -0.5, -0.5])
        self.assertEqual(logprobs.top_logprobs[0], {"a": -0.5, "b": -1.5})
        self.assertEqual(logprobs.text_offset[:2], [0, 1])

    def test_gives_logprobs_of_chats(self):
        for stream in (False, True):
            reply = self.chat("z", logprobs=True, top_logprobs=2, stream=stream)
            content = [token for part in (reply if stream else [reply]) for choice in part.choices if choice.logprobs for token in choice.logprobs.content]
            self.assertEqual("".join(token.token for token in content), "user: z\n")
            self.assertEqual(content[0].bytes, [ord("u")])
            self.assertEqual([top.token for top in content[0].top_logprobs], ["u", "v"])

    def test_chats(self):
        reply = self.chat("hi there")
        self.assertEqual(reply.choices[0].message.role, "assistant")
        self.assertEqual(reply.choices[0].message.content, "user: hi there\n")
        self.assertEqual(reply.choices[0].finish_reason, "stop")
        self.assertIsNone(reply.choices[0].logprobs)

    def test_streams_a_chat(self):
        parts = list(self.chat("hi", stream=True, n=2, stream_options={"include_usage": True}))
        for index in (0, 1):
            mine = [part.choices[0] for part in parts if part.choices and part.choices[0].index == index]
            self.assertEqual(mine[0].delta.role, "assistant")
            self.assertEqual("".join(choice.delta.content or "" for choice in mine), "user: hi\n")
            self.assertEqual(mine[-1].finish_reason, "stop")
        self.assertEqual(parts[-1].usage.completion_tokens, 18)

    def test_takes_parts_of_content_tools_and_template_arguments(self):
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        self.assertEqual(self.chat(parts).choices[0].message.content, "user: a\nb\n")
        reply = self.chat("x", tools=[TOOL], extra_body={"chat_template_kwargs": {"think": False}})
        # The members keep the order that the client gave them.
        self.assertEqual(reply.choices[0].message.content,
                         "tools" + json.dumps([TOOL], separators=(",", ":")) + '\nmore{"think":false}\nuser: x\n')
        self.assertEqual(self.chat("x", tools=[TOOL], tool_choice="none").choices[0].message.content, "user: x\n")

    def test_hands_the_arguments_of_tool_calls_to_the_template_as_an_object(self):
        call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"z": 1, "a": 2}'}}
        reply = self.client.chat.completions.create(model="fake", messages=[
            {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "seen"}])
        self.assertIn('"arguments":{"z":1,"a":2}', reply.choices[0].message.content)

    def test_ignores_what_it_does_not_know(self):
        self.assertEqual(self.complete("a", user="me", extra_body={"novel": {"x": [1]}}).choices[0].text, "a")
        self.assertEqual(self.chat("a", store=False, metadata={"a": "b"}, response_format={"type": "text"}, max_completion_tokens=3).choices[0].message.content, "use")

    def test_reports_the_engines_errors(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            self.complete("!error")
        self.assertEqual(caught.exception.code, "engine_error")
        self.assertEqual(self.server.call("GET", "/health")[0], 503)
        with self.assertRaises(openai.APIError) as caught:
            list(self.complete("!error", stream=True))
        self.assertIn("out of luck", caught.exception.message)
        self.complete("a")
        self.assertEqual(self.server.call("GET", "/health")[0], 200)

    def test_raises_the_clients_own_errors(self):
        for error, action in (
                (openai.NotFoundError, lambda: self.client.completions.create(model="other", prompt="a")),
                (openai.BadRequestError, lambda: self.complete("a", temperature=3)),
                (openai.BadRequestError, lambda: self.client.embeddings.create(model="fake", input="a")),
                (openai.BadRequestError, lambda: self.chat("x", response_format={"type": "json_object"})),
                (openai.AuthenticationError, lambda: self.client.with_options(api_key="wrong").models.list())):
            with self.assertRaises(error):
                action()

    def test_exposes_metrics_that_prometheus_reads(self):
        self.complete("abcdef")
        status, fields, text = self.server.call("GET", "/metrics", headers={"Authorization": "Bearer secret-1"})
        self.assertEqual(status, 200)
        self.assertEqual(fields["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        families = {family.name: family for family in text_string_to_metric_families(text.decode())}
        self.assertEqual(families["hadal_time_to_first_token_seconds"].type, "histogram")
        for name in ("hadal_time_to_first_token_seconds", "hadal_inter_token_seconds", "hadal_request_seconds"):
            samples = families[name].samples
            counts = [sample.value for sample in samples if sample.name.endswith("_bucket")]
            self.assertEqual(counts, sorted(counts))
            self.assertEqual(counts[-1], next(sample.value for sample in samples if sample.name.endswith("_count")))
            self.assertGreater(counts[-1], 0)
        replies = {(s.labels["path"], s.labels["status"]): s.value for s in families["hadal_http_replies"].samples}
        self.assertGreater(replies["/v1/completions", "200"], 0)
        self.assertGreater(families["hadal_generated_tokens"].samples[0].value, 5)
        self.assertEqual(families["hadal_attention_kept_ratio"].samples[0].value, 0.3)

    def test_tokenizes(self):
        def call(path, body):
            status, _, text = self.server.call("POST", path, body, {"Authorization": "bearer secret-1"})
            self.assertEqual(status, 200)
            return json.loads(text)
        self.assertEqual(call("/tokenize", {"prompt": "hi"}), {"count": 2, "max_model_len": 4096, "tokens": [104, 105]})
        self.assertEqual(call("/tokenize", {"messages": [{"role": "u", "content": "x"}]})["count"], 5)
        self.assertEqual(call("/detokenize", {"tokens": [104, 105]}), {"prompt": "hi"})


if __name__ == "__main__":
    unittest.main()
