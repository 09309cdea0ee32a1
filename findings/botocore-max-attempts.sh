#!/usr/bin/env bash
# max_attempts: 3 in a client's Config makes four calls, and AWS_MAX_ATTEMPTS=3 makes three.
# In botocore, which boto3 and AWS's CLI are made of, the key counts the tries after the first
# where it stands in Config, and all of them where the environment or ~/.aws/config has it; so
# a limit that is moved from code to the environment is another one. Config has
# total_max_attempts for the other meaning. A service that throttles sees a third more.
#
# Seen with botocore 1.29.27 (Debian 12), in each of the modes legacy, standard and adaptive,
# against a server that throttles every call: 4 calls, 3, and 3 with total_max_attempts.
# 1.43.11 does the same.
#
# What the product does: Retry.Attempts of an action are all of them, the first too, as are those
# of a request's snapshot; what tests boto3 against staging sets the total.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq python3-botocore=1.29.27+repack-1 python3-jmespath=1.0.1-1 python3-dateutil=2.8.2-2 python3-six=1.16.0-4 \
	python3-urllib3=1.26.12-1+deb12u4 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
cat >calls.py <<'PY'
import http.server
import os
import threading
import time

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

calls = 0


class Throttled(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global calls
        calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Throttled)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep = lambda _: None  # the pauses between the tries


def count(retries, environment=None):
    global calls
    calls = 0
    os.environ.pop("AWS_MAX_ATTEMPTS", None)
    if environment:
        os.environ["AWS_MAX_ATTEMPTS"] = environment
    client = botocore.session.get_session().create_client(
        "ssm",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries=retries),
    )
    try:
        client.get_parameter(Name="/name")
    except ClientError:
        return calls


print("botocore", botocore.__version__)
for mode in ("legacy", "standard", "adaptive"):
    seen = (
        count({"mode": mode, "max_attempts": 3}),
        count({"mode": mode}, environment="3"),
        count({"mode": mode, "total_max_attempts": 3}),
    )
    print(f"{mode}: max_attempts 3 in Config: {seen[0]} calls; AWS_MAX_ATTEMPTS=3: {seen[1]}; total_max_attempts 3: {seen[2]}")
    if seen != (4, 3, 3):
        raise SystemExit("another count than before: this finding is out of date")
PY
PYTHONPATH=$folder/usr/lib/python3/dist-packages AWS_CONFIG_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true /usr/bin/python3 calls.py
