"""A server that speaks as much of the protocol of the Hugging Face hub as pushing and pulling needs, for tests.

Repositories, branches, commits in which large files come by Git LFS, and files by revision. Everything is held in memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_secretOfTheTest"


@dataclass
class Repository:
    """Branches and commits, each commit its files by path."""

    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        sha = self.branches.get(revision, revision)
        return (sha, self.commits[sha]) if sha in self.commits else None

    def commit(self, branch: str, files: dict[str, bytes]) -> str:
        listed = json.dumps({k: hashlib.sha256(v).hexdigest() for k, v in sorted(files.items())})
        sha = hashlib.sha1(f"{listed}{len(self.commits)}".encode()).hexdigest()
        self.commits[sha], self.branches[branch] = files, sha
        return sha


class LocalHub:
    """The state of the server: repositories by kind and name, and large files by their hash."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.url = ""
        self.fail_with: int | None = None  # status of every answer, for tests of refusals
        self.cut_after: int | None = (
            None  # bytes of a file after which the connection breaks off, for tests of bad networks
        )


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """Start a server on a free port; `url` is its address."""
    hub = LocalHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        if self.hub.fail_with is not None:
            return self._send(self.hub.fail_with, {"error": "refused"})
        for verb, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                return action(self, body, **found.groupdict())
        return self._send(404, {"error": f"{method} {path}"}, {"X-Error-Code": "EntryNotFound"})

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and self.hub.cut_after is not None and len(data) > self.hub.cut_after:
            self.wfile.write(data[: self.hub.cut_after])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(data)

    @property
    def _logged_in(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _repository(self, kind: str, name: str) -> Repository | None:
        return self.hub.repositories.get((kind.rstrip("s"), name))

    def _missing(self) -> None:
        self._send(401 if not self._logged_in else 404, {"error": "no"}, {"X-Error-Code": "RepoNotFound"})

    def _files(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The commit and files of a revision; None where there is none, which has then been answered."""
        repository = self._repository(kind, name)
        if repository is None:
            self._missing()
            return None
        found = repository.files(revision)
        if found is None:
            self._send(404, {"error": "no"}, {"X-Error-Code": "RevisionNotFound"})
        return found

    def create(self, body: bytes) -> None:
        if not self._logged_in:
            return self._send(401, {"error": "log in"})
        asked = json.loads(body)
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        key = (asked.get("type") or "model", name)
        if key in self.hub.repositories:
            return self._send(409, {"error": "there is one", "url": f"{self.hub.url}/{name}"})
        self.hub.repositories[key] = Repository()
        self.hub.repositories[key].commit("main", {".gitattributes": b""})
        prefix = "datasets/" if key[0] == "dataset" else ""
        return self._send(200, {"url": f"{self.hub.url}/{prefix}{name}", "name": name, "id": name})

    def branch(self, body: bytes, kind: str, name: str, branch: str) -> None:
        repository = self._repository(kind, name)
        if repository is None:
            return self._missing()
        if branch in repository.branches:
            return self._send(409, {"error": "there is one"})
        repository.branches[branch] = repository.branches["main"]
        return self._send(201, {})

    def preupload(self, body: bytes, kind: str, name: str, revision: str) -> None:
        files = json.loads(body)["files"]
        large = (".safetensors", ".npy", ".parquet")
        modes = [{"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(large) else "regular", "shouldIgnore": False} for f in files]  # fmt: skip
        self._send(200, {"files": modes})

    def lfs_batch(self, body: bytes, **_: str) -> None:
        objects = [
            {"oid": o["oid"], "size": o["size"], "actions": {"upload": {"href": f"{self.hub.url}/large/{o['oid']}"}}}
            for o in json.loads(body)["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects}, {"Content-Type": "application/vnd.git-lfs+json"})

    def put_large(self, body: bytes, oid: str) -> None:
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.large[oid] = body
        self._send(200, {})

    def commit(self, body: bytes, kind: str, name: str, revision: str) -> None:
        repository = self._repository(kind, name)
        if repository is None or not self._logged_in:
            return self._missing()
        files = dict(repository.commits[repository.branches[revision]])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
        sha = repository.commit(revision, files)
        return self._send(200, {"success": True, "commitOid": sha, "commitUrl": f"{self.hub.url}/{name}/commit/{sha}"})

    def info(self, body: bytes, kind: str, name: str, revision: str = "main") -> None:
        found = self._files(kind, name, revision)
        if found is None:
            return None
        sha, files = found
        siblings = [{"rfilename": f, "size": len(c)} for f, c in files.items()]
        return self._send(200, {"id": name, "sha": sha, "siblings": siblings, "private": False, "tags": []})

    def tree(self, body: bytes, kind: str, name: str, revision: str) -> None:
        found = self._files(kind, name, revision)
        if found is None:
            return None
        listed = [
            {"type": "file", "path": f, "size": len(c), "oid": hashlib.sha1(c).hexdigest()} for f, c in found[1].items()
        ]
        return self._send(200, listed)

    def resolve(self, body: bytes, name: str, revision: str, file: str, kind: str | None = None) -> None:
        found = self._files(kind or "model", name, revision)
        if found is None:
            return None
        sha, files = found
        if file not in files:
            return self._send(404, {"error": "no"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        etag = hashlib.sha256(files[file]).hexdigest()
        return self._send(200, files[file], {"ETag": f'"{etag}"', "X-Repo-Commit": sha})


NAME, KIND = r"(?P<name>[^/]+/[^/]+)", r"(?P<kind>models|datasets)"
ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/api/repos/create", _Handler.create),
    ("POST", f"/api/{KIND}/{NAME}/branch/(?P<branch>.+)", _Handler.branch),
    ("POST", f"/api/{KIND}/{NAME}/preupload/(?P<revision>[^/]+)", _Handler.preupload),
    ("POST", f"/(?:datasets/)?{NAME}.git/info/lfs/objects/batch", _Handler.lfs_batch),
    ("PUT", "/large/(?P<oid>[0-9a-f]+)", _Handler.put_large),
    ("POST", f"/api/{KIND}/{NAME}/commit/(?P<revision>[^/]+)", _Handler.commit),
    ("POST", "/api/validate-yaml", lambda self, body: self._send(200, {"errors": [], "warnings": []})),
    ("GET", f"/api/{KIND}/{NAME}/revision/(?P<revision>[^/]+)", _Handler.info),
    ("GET", f"/api/{KIND}/{NAME}/tree/(?P<revision>[^/]+)", _Handler.tree),
    ("GET", f"/api/{KIND}/{NAME}", _Handler.info),
    ("HEAD", f"/(?:(?P<kind>datasets)/)?{NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", _Handler.resolve),
    ("GET", f"/(?:(?P<kind>datasets)/)?{NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", _Handler.resolve),
]
