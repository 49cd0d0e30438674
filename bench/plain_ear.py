"""The least there is: prints the moment at which a word pushed into Redis is popped.

`python -m bench.plain_ear URL`; redis-py and nothing else, no broker and no worker.
"""

from __future__ import annotations

import sys
import time

import redis

KEY = "bellhop-bench-plain"


def main(url: str) -> None:
    """Listen until the process is ended."""
    client = redis.Redis.from_url(url)
    print("listening", flush=True)
    while True:
        client.blpop([KEY])
        print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
