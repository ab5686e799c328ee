"""Many streams at a time, with few threads and flat memory."""

import asyncio
import json
import unittest

from common import ENDLESS, Server, post_bytes

STREAMS = 1000
TOKENS = 40
LEAK = 8 << 20


async def stream(server, text, tokens):
    """The text that one stream gives."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    body = {"prompt": text, "stream": True, "max_tokens": tokens, "ignore_eos": True}
    writer.write(post_bytes("/v1/completions", body, Connection="close"))
    words, done = [], False
    async for line in reader:
        if line == b"data: [DONE]\n":
            done = True
        elif line.startswith(b"data: "):
            words.append(json.loads(line[6:])["choices"][0]["text"])
    writer.close()
    return "".join(words) if done else None


async def leave(server):
    """A client that goes away in the middle."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(post_bytes("/v1/completions", ENDLESS))
    await reader.readuntil(b"data: ")
    writer.transport.abort()


class Load(unittest.TestCase):
    def test_serves_1000_streams_at_a_time(self):
        async def all_of(server):
            return await asyncio.gather(*(stream(server, f"<{i}>", TOKENS) for i in range(STREAMS)))

        with Server(step_us=100_000, drain_seconds=60) as server:
            before = server.threads()
            results = asyncio.run(asyncio.wait_for(all_of(server), 280))
            for i, text in enumerate(results):
                self.assertEqual(text, (f"<{i}>" * TOKENS)[:TOKENS])
            self.assertEqual(server.threads(), before)
            self.assertLessEqual(before, 8)
            server.wait_until(lambda f: f["running"] == 0 and f["connections"] == 1, "all connections end")
            server.terminate()
            self.assertEqual(server.process.wait(60), 0)

    def test_keeps_its_memory(self):
        async def round_of(server, n):
            await asyncio.gather(*(stream(server, "soak", 20) for _ in range(n)), *(leave(server) for _ in range(n)))

        def memories(server, rounds):
            """What it holds after each of so many rounds."""
            held = []
            for _ in range(rounds):
                asyncio.run(round_of(server, 100))
                server.wait_until(lambda f: f["running"] == 0 and f["connections"] == 1, "all connections end")
                held.append(server.memory())
            return held

        # Steps as long as a real engine's: without them, how much text waits for the clients is chance.
        with Server(step_us=2000) as server:
            before = max(memories(server, 5))
            after = memories(server, 15)
            # What a round leaves behind adds up; what the allocator keeps does not.
            self.assertLess(min(after[-5:]) - before, LEAK)


if __name__ == "__main__":
    unittest.main()
