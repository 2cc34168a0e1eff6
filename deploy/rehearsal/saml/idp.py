"""An identity provider of SAML 2.0 on loopback: pysaml2 with xmlsec1, and a form for a name and a password.

usage: idp.py FOLDER PORT KEY [OTHER]

FOLDER has sp.xml, the hub's metadata, and KEY.pem with KEY.crt; what the provider says of itself is written into idp.xml, with
the certificate of OTHER beside its own while it changes keys. /mode?... says how it answers from then on.
"""

import html
import secrets
import shutil
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

folder, port, key = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
others = [str(folder / f"{other}.crt") for other in sys.argv[4:]]
# Another site than the hub's 127.0.0.1, to a browser.
base = f"http://localhost:{port}"
people = {"ann": ("ann@acme.org", "Ann Lemoine"), "eve": ("eve@evil.example", "Eve")}
mode = {"signs": "assertion", "hash": "sha256", "age": "0"}
known = {}

settings = {
    "entityid": f"{base}/metadata",
    "service": {
        "idp": {
            "name": "The Office",
            "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]},
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
            "want_authn_requests_signed": True,
            "subject_data": str(folder / "subjects"),
            "policy": {
                "default": {
                    "lifetime": {"minutes": 5},
                    "nameid_format": NAMEID_FORMAT_PERSISTENT,
                    "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                    "attribute_restrictions": None,
                }
            },
        }
    },
    "key_file": str(folder / f"{key}.pem"),
    "cert_file": str(folder / f"{key}.crt"),
    "additional_cert_files": others,
    "metadata": {"local": [str(folder / "sp.xml")]},
    "xmlsec_binary": shutil.which("xmlsec1"),
}
config = IdPConfig().load(settings)
server = Server(config=config)
described = folder / "idp.xml.part"
described.write_text(str(entity_descriptor(config)))
described.replace(folder / "idp.xml")


def answer(user, since, **to):
    """The page by which a browser posts what is said of somebody."""
    mail, name = people[user]
    is_weak = mode["hash"] == "sha1"
    response = server.create_authn_response(
        identity={"mail": [mail], "displayName": [name]},
        userid=user,
        authn={
            "class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "authn_auth": base,
            "authn_instant": int(since),
        },
        sign_assertion=mode["signs"] in ("assertion", "both"),
        sign_response=mode["signs"] in ("response", "both"),
        sign_alg=SIG_RSA_SHA1 if is_weak else SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA1 if is_weak else DIGEST_SHA256,
        **to,
    )
    form = server.apply_binding(BINDING_HTTP_POST, str(response), to["destination"], "", response=True)
    return form["data"]


class Door(BaseHTTPRequestHandler):
    def do_GET(self):
        at = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(at.query).items()}
        if at.path == "/mode":
            mode.update(asked)
            self.page("so")
        elif at.path == "/start":
            # It begins by itself, as from a page of its own with all its services.
            to = server.metadata.service_providers()[0]
            back = server.metadata.assertion_consumer_service(to, BINDING_HTTP_POST)[0]["location"]
            self.page(answer(asked["user"], time.time(), in_response_to=None, destination=back, sp_entity_id=to))
        elif at.path == "/sso":
            self.asked(at.query, asked)
        else:
            self.send_error(404)

    def do_POST(self):
        sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        user, query = sent["user"][0], sent["query"][0]
        if user not in people or sent["password"][0] != f"{user} of the office":
            return self.page("no", 403)
        cookie = secrets.token_urlsafe()
        known[cookie] = (user, time.time() - int(mode["age"]))
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        self.answered(asked, known[cookie], cookie)

    def asked(self, query, asked):
        request = self.read(asked)
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("idp")
        who = known.get(cookie.value) if cookie else None
        if who and request.message.force_authn != "true":
            return self.answered(asked, who)
        self.page(
            "<!doctype html><html lang=en><title>The Office</title><form method=post action=/login>"
            f"<input type=hidden name=query value=\"{html.escape(query)}\">"
            "<label>Name <input name=user></label> <label>Password <input name=password type=password></label>"
            "<button>Sign in</button></form>"
        )

    def read(self, asked):
        # The hub's signature is looked at here.
        return server.parse_authn_request(
            asked["SAMLRequest"], BINDING_HTTP_REDIRECT, sigalg=asked["SigAlg"], signature=asked["Signature"]
        )

    def answered(self, asked, who, cookie=None):
        to = server.response_args(self.read(asked).message)
        to.pop("binding", None)
        self.page(answer(*who, **to), cookie=cookie)

    def page(self, text, status=200, cookie=None):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        if cookie:
            self.send_header("set-cookie", f"idp={cookie}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", port), Door).serve_forever()
