"""Runs MiniStack in the foreground until told to stop or until its starter is gone.

The starter holds the other end of standard input: when it dies, however suddenly, the pipe closes, the data folder (the working
directory) is removed and the whole process group (the emulator and its Lambda workers) ends, so that nothing is left.
"""

import functools
import os
import re
import shutil
import signal
import sys
import threading
import time

EXPIRE_EVERY_S = 5


def end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


threading.Thread(target=end_with_starter, daemon=True).start()

from ministack.app import main  # noqa: E402  (the watch comes first)
from ministack.services import dynamodb, kinesis  # noqa: E402


def seldom(expire):
    """The emulator looks for what is too old with each request to Kinesis: through all iterators, of which each read leaves one behind for five minutes, and through all
    records of the stream. After some minutes that took half of its time. An iterator that is too old is refused when it is used, whether it is still kept or not, and a
    record that is kept for some seconds more harms nobody."""
    last_by_target: dict[int, float] = {}

    def expire_seldom(*targets) -> None:
        now = time.monotonic()
        key = id(targets[0]) if targets else 0
        if now - last_by_target.get(key, 0.0) < EXPIRE_EVERY_S:
            return
        last_by_target[key] = now
        expire(*targets)

    return expire_seldom


kinesis._expire_iterators = seldom(kinesis._expire_iterators)
kinesis._expire_records = seldom(kinesis._expire_records)

KEY_CONDITION = re.compile(r"pk = (:\w+) AND (?:begins_with\(sk, (:\w+)\)|sk BETWEEN (:\w+) AND (:\w+))")


@functools.lru_cache(maxsize=64)
def key_condition(expression: str):
    """Names of the values of a condition on the keys as all our queries have it: of the partition, of the prefix, or of the first and the last key. None: another one."""
    match = KEY_CONDITION.fullmatch(expression)
    return None if match is None else match.groups()


def read_once(evaluate):
    """The emulator reads a query's condition anew for each item of the partition: some thousand orders made each look at the ledger last longer than its caller waits."""

    def evaluate_keys(expression, item, values, names, slot="ConditionExpression"):
        known = key_condition(expression) if slot == "KeyConditionExpression" else None
        if known is None:
            return evaluate(expression, item, values, names, slot)
        partition, prefix, first, last = known
        key = item["sk"]["S"]
        if item["pk"] != values[partition]:
            return False
        return key.startswith(values[prefix]["S"]) if prefix else values[first]["S"] <= key <= values[last]["S"]

    return evaluate_keys


dynamodb._evaluate_condition = read_once(dynamodb._evaluate_condition)

sys.argv = ["ministack"]
main()
