"""A small OpenID Connect provider on this machine: the real protocol, with one button a person.

    with identity_provider({"ann@studio.example": True}) as address: …

Each person is an e-mail address and whether the provider has verified it.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from authlib.jose import JsonWebKey, jwt

KEY = JsonWebKey.generate_key("RSA", 2048, {"kid": "test", "use": "sig", "alg": "RS256"}, is_private=True)


@contextmanager
def identity_provider(people: Mapping[str, bool]) -> Iterator[str]:
    granted: dict[str, dict[str, str]] = {}  # code → what was asked for it, and by whom

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {k: v[0] for k, v in parse_qs(url.query).items()}
            if url.path == "/.well-known/openid-configuration":
                self._json(
                    {
                        "issuer": address,
                        "authorization_endpoint": f"{address}/authorize",
                        "token_endpoint": f"{address}/token",
                        "jwks_uri": f"{address}/keys",
                        "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )
            elif url.path == "/keys":
                self._json({"keys": [KEY.as_dict(is_private=False)]})
            elif url.path == "/authorize" and "as" in asked:
                code = secrets.token_hex(8)
                granted[code] = asked
                self.send_response(302)
                answer = urlencode({"code": code, "state": asked["state"]})
                self.send_header("Location", f"{asked['redirect_uri']}?{answer}")
                self.end_headers()
            elif url.path == "/authorize":
                links = (f'<p><a href="/authorize?{url.query}&as={quote(p)}">{p}</a></p>' for p in people)
                self._send("".join(links).encode(), "text/html")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked = granted.pop(form["code"][0])
            now = int(time.time())
            claims = {
                "iss": address,
                "aud": asked["client_id"],
                "sub": asked["as"],
                "iat": now,
                "exp": now + 600,
                "nonce": asked.get("nonce"),
                "email": asked["as"],
                "email_verified": people[asked["as"]],
                "name": asked["as"].split("@")[0].capitalize(),
            }
            token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, KEY).decode()
            self._json({"access_token": "unused", "token_type": "Bearer", "expires_in": 600, "id_token": token})

        def _json(self, document: object) -> None:
            self._send(json.dumps(document).encode(), "application/json")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
