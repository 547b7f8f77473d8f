#!/usr/bin/env python3
"""Prints the events of all servers, and begins where it stopped last time.

`consumer.py [URL [STREAM]]`, behind a bridge that publishes JSON. Needs `pip install nats-py`.
"""

import asyncio
import json
import sys

import nats


async def main(url="nats://127.0.0.1:4222", stream="AMI"):
    client = await nats.connect(url)
    consumer = await client.jetstream().pull_subscribe("", durable="python", stream=stream)
    while True:
        try:
            messages = await consumer.fetch(100, timeout=60)
        except nats.errors.TimeoutError:
            continue
        for message in messages:
            body = json.loads(message.data)
            if "event" in body:
                # A line without a colon is alone in its list, and names can be repeated.
                fields = dict(line for line in body["event"]["lines"] if len(line) == 2)
                print(body["origin"], fields["Event"], fields.get("Channel", ""), flush=True)
            else:
                # Events are missing, or the bridge has changed.
                print(body["origin"], body["control"], flush=True)
            await message.ack()


asyncio.run(main(*sys.argv[1:]))
