"""Writes a model, a version, a run with its metrics, and predictions from Python, each write one atomic call (FCALL).

Needs redis-py (pip install redis, or the Debian package python3-redis) and, in Redis, the function library: the daemon
loads it at its start, and so does `millrace migrate`.

Without redis-py any client will do that can send FCALL. Without functions, plain commands will do as well, which the daemon
notices while it runs, and a full pass afterwards:

    id = r.incr("aidb:counter:prediction")
    r.hset(f"aidb:prediction:{id}", mapping={"id": id, "model_version_id": 5, ..., "timestamp": now})
    r.zadd("aidb:idx:predictions:5", {id: time.time()})
"""

import json
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Without this, newer versions of redis-py send a call again when its reply was lost, and may so create a record twice.
r = redis.Redis.from_url(
    os.environ.get("REDIS_URL", "redis://localhost:6379/0"), decode_responses=True, retry=Retry(NoBackoff(), 0)
)

CHANGES = "millrace:changes"


def fcall(name, keys, *args):
    return r.execute_command("FCALL", name, len(keys) + 1, CHANGES, *keys, *args)


def create_model(name, **fields):
    keys = ["aidb:counter:model", "aidb:idx:models", "aidb:model:name_to_id"]
    return fcall("millrace_create_model", keys, "name", name, *[part for pair in fields.items() for part in pair])


def create_version(model_id, version, config=None):
    keys = ["aidb:counter:version", f"aidb:idx:versions:{model_id}"]
    args = ["model_id", model_id, "version", version, "config", json.dumps(config or {})]
    return fcall("millrace_create_version", keys, *args)


def create_run(version_id, run_name):
    keys = ["aidb:counter:run", "aidb:idx:runs"]
    return fcall("millrace_create_run", keys, "model_version_id", version_id, "run_name", run_name)


def log_metric(run_id, name, value, epoch, split="train"):
    keys = [f"aidb:run:{run_id}", f"aidb:metric:{run_id}:{name}:{split}"]
    args = ["run_id", run_id, "metric_name", name, "metric_value", value, "epoch", epoch, "split", split]
    return fcall("millrace_log_metric", keys, *args)


def log_predictions(version_id, rows):
    """rows: (input, output, confidence) each; a hundred or two per call are best. Returns the first id and the last."""
    keys = ["aidb:counter:prediction", f"aidb:version:{version_id}", f"aidb:idx:predictions:{version_id}"]
    flat = []
    for given, answer, confidence in rows:
        # model_version_id, input, output, confidence, inference_time_ms, timestamp, metadata; '' takes the default
        flat += [version_id, json.dumps(given), json.dumps(answer), confidence, "", "", ""]
    return fcall("millrace_log_predictions", keys, *flat)


if __name__ == "__main__":
    model = create_model("ResNet50-Python", framework="pytorch", description="نمونه")
    version = create_version(model, "1.0.0", {"layers": 50})
    run = create_run(version, "from python")
    for epoch in range(1, 4):
        log_metric(run, "loss", 1 / epoch, epoch)
    first, last = log_predictions(version, [({"image": f"{n}.png"}, {"label": "cat"}, 0.9) for n in range(100)])
    print(f"model {model}, version {version}, run {run}, predictions {first} to {last}")
