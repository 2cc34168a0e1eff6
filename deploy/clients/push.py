"""Is a push that a hub sends opened by a library that knows nothing of Vigie?

push.py VIGIE-CLOUD FOLDER: makes a browser's keys, a push service and a hub that knows both, tries a route, and opens what
came: http-ece decrypts it (RFC 8291), cryptography verifies whose it is (RFC 8292).
"""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import http_ece
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

cloud, folder = sys.argv[1], pathlib.Path(sys.argv[2])
came = []


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        came.append((dict(self.headers.items()), body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        pass


service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
origin = f"http://127.0.0.1:{service.server_port}"

browser, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
point = browser.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
folder.mkdir(parents=True, exist_ok=True)
subscription = {"endpoint": f"{origin}/push/1", "keys": {"p256dh": encode(point), "auth": encode(auth)}}
(folder / "phone.json").write_text(json.dumps(subscription))
vapid = folder / "vapid.pem"
subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", vapid], check=True)
hub = folder / "hub"
hub.mkdir()
(hub / "cloud.toml").write_text(
    f"""
[outgoing]
allow = ["127.0.0.1"]
[[channel]]
kind = "webpush"
name = "push"
key_file = "{vapid}"
contact = "mailto:ops@example.org"
subscriptions = "{folder}"
to = ["phone"]
[[route]]
name = "all"
channels = ["push"]
language = "fr"
"""
)
ports = ["--listen", "127.0.0.1:17801", "--advertise", "127.0.0.1:17801", "--http", "127.0.0.1:17881"]
running = subprocess.Popen([cloud, "run", "--data", hub, "--config", hub / "cloud.toml", *ports])
try:
    for _ in range(100):
        tried = subprocess.run([cloud, "routes", "test", "all", "--data", hub, "--json"], capture_output=True, text=True)
        if tried.stdout:
            break
        time.sleep(0.2)
finally:
    running.terminate()
    running.wait()
assert tried.returncode == 0, tried.stdout + tried.stderr
said = json.loads(tried.stdout)
assert said["delivered"] and said["receivers"][0]["said"] == "201", said

headers, body = came[0]
headers = {name.lower(): value for name, value in headers.items()}
opened = json.loads(http_ece.decrypt(body, private_key=browser, auth_secret=auth, version="aes128gcm"))
assert opened["title"] == "[Test] ce canal fonctionne", opened
assert headers["content-encoding"] == "aes128gcm" and int(headers["ttl"]) >= 0 and len(headers["topic"]) <= 32, headers

token, key = headers["authorization"].removeprefix("vapid t=").split(", k=")
signed, signature = token.rsplit(".", 1)
public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key))
raw = decode(signature)
pair = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
public.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
claims = json.loads(decode(signed.split(".")[1]))
assert claims["aud"] == origin and claims["sub"] == "mailto:ops@example.org", claims
assert time.time() < claims["exp"] <= time.time() + 86_400, claims
print(f"a push of {len(body)} bytes was opened by http-ece, and is the hub's: {opened['title']}")
