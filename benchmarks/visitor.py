"""A visitor of the app without a browser: speaks Streamlit's own protocol over a WebSocket, and draws nothing.

What a browser would send goes out (a page, a typed value, with what it holds of earlier messages), what it would draw
comes in and is kept as facts. So fifty visitors cost the machine about as much as one browser window does.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_S = 60.0
MOST_KEPT = 300  # messages, as a browser keeps those of its last few runs
FINE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Seen:
    """What came between a gesture and the end of its run."""

    seconds: float = 0.0
    num_bytes: int = 0
    errors: list[str] = field(default_factory=list)
    strips: list[dict[str, Any]] = field(default_factory=list)  # data of each filmstrip, the answer included
    components: list[dict[str, Any]] = field(default_factory=list)  # data of every other component
    text: list[str] = field(default_factory=list)


class Visitor:
    """One session, from `open` to `close`."""

    def __init__(self, address: str):
        self.address = address.replace("http://", "ws://") + "/_stcore/stream"
        self.query = ""
        self.pages: dict[str, str] = {}  # address of a page → its hash
        self.page = ""
        self.fields: dict[str, tuple[str, str]] = {}  # label of a text field → its id, and its fragment's
        self.buttons: dict[str, tuple[str, str]] = {}  # the same of buttons
        self._kept: OrderedDict[str, ForwardMsg] = OrderedDict()
        self._line: ClientConnection | None = None

    async def open(self, query: str) -> Seen:
        """Come in by a link."""
        protocols = [Subprotocol("streamlit")]
        self._line = await connect(
            self.address, subprotocols=protocols, max_size=None, open_timeout=PATIENCE_S, ping_interval=None
        )
        self.query = query
        return await self._ask(BackMsg())

    async def close(self) -> None:
        if self._line is not None:
            await self._line.close()

    async def go(self, page: str) -> Seen:
        """To another page, as a click in the sidebar goes: it shares what was chosen, but no field's value."""
        self.page = self.pages[page]
        return await self._ask(BackMsg())

    async def press(self, button: str, **typed: str) -> Seen:
        """A button, with what was typed into fields before (by label, spaces as underscores)."""
        widget, fragment = self.buttons[button]
        message = BackMsg()
        for label, value in typed.items():
            field, _ = self.fields[label.replace("_", " ")]
            message.rerun_script.widget_states.widgets.append(WidgetState(id=field, string_value=value))
        message.rerun_script.widget_states.widgets.append(WidgetState(id=widget, trigger_value=True))
        message.rerun_script.fragment_id = fragment
        return await self._ask(message)

    async def type(self, label: str, value: str) -> Seen:
        """Into a text field, and Enter."""
        widget, fragment = self.fields[label]
        message = BackMsg()
        message.rerun_script.widget_states.widgets.append(WidgetState(id=widget, string_value=value))
        message.rerun_script.fragment_id = fragment
        return await self._ask(message)

    @property
    def asked(self) -> dict[str, str]:
        """The words of the address, as the app last wrote them."""
        return {key: values[-1] for key, values in parse_qs(self.query).items()}

    async def _ask(self, message: BackMsg) -> Seen:
        assert self._line is not None
        rerun = message.rerun_script
        rerun.query_string, rerun.page_script_hash = self.query, self.page
        rerun.cached_message_hashes.extend(self._kept)
        seen, began = Seen(), time.perf_counter()
        await self._line.send(message.SerializeToString())
        while not await self._hear(seen):
            if time.perf_counter() - began > PATIENCE_S:  # what comes later would be taken for the next answer
                raise TimeoutError("no end of a run in a minute")
        seen.seconds = time.perf_counter() - began
        return seen

    async def _hear(self, seen: Seen) -> bool:
        """Take one message; whether it was the run's last."""
        assert self._line is not None
        raw = await self._line.recv()
        seen.num_bytes += len(raw)
        message = ForwardMsg.FromString(raw if isinstance(raw, bytes) else raw.encode())
        if message.WhichOneof("type") == "ref_hash":
            kept = self._kept.get(message.ref_hash)
            if kept is None:
                seen.errors.append("the server named a message that it never sent")
                return False
            message = kept
        elif message.metadata.cacheable:
            self._kept[message.hash] = message
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._take(message, seen)

    def _take(self, message: ForwardMsg, seen: Seen) -> bool:
        kind = message.WhichOneof("type")
        if kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return False  # the run that follows is the answer
            if message.script_finished not in FINE:
                seen.errors.append("the script did not compile")
            return True
        if kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self.page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta.new_element, message.delta.fragment_id, seen)
        return False

    def _draw(self, element: Any, fragment: str, seen: Seen) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            seen.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            seen.errors.append(element.alert.body)
        elif kind == "text_input":
            self.fields[element.text_input.label] = element.text_input.id, fragment
        elif kind == "text_area":
            self.fields[element.text_area.label] = element.text_area.id, fragment
        elif kind == "button":
            self.buttons[element.button.label] = element.button.id, fragment
        elif kind == "markdown":
            seen.text.append(element.markdown.body)
        elif kind == "heading":
            seen.text.append(element.heading.body)
        elif kind == "bidi_component" and element.bidi_component.json:
            data = json.loads(element.bidi_component.json)
            (seen.strips if "hidden" in data else seen.components).append(data)
