"""The official Python SDK with its own OAuth client: the story of ts-oauth.mjs.

    python py-oauth.py ENDPOINT STORE TOOL
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

ENDPOINT, STORE, TOOL = sys.argv[1:]


def say(line):
    print(json.dumps(line), flush=True)


class Store:
    """What it must not forget, kept in a file that is never half written."""

    def read(self, key):
        try:
            with open(STORE, encoding="utf-8") as file:
                return json.load(file).get(key)
        except FileNotFoundError:
            return None

    def write(self, key, value):
        kept = {name: self.read(name) for name in ("client", "tokens")}
        kept[key] = value.model_dump(mode="json", exclude_none=True)
        with open(f"{STORE}.new", "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.replace(f"{STORE}.new", STORE)

    async def get_tokens(self):
        kept = self.read("tokens")
        return kept and OAuthToken.model_validate(kept)

    async def set_tokens(self, tokens):
        self.write("tokens", tokens)

    async def get_client_info(self):
        kept = self.read("client")
        return kept and OAuthClientInformationFull.model_validate(kept)

    async def set_client_info(self, client_info):
        self.write("client", client_info)


class Callback:
    """The loopback listener to which the browser brings the answer."""

    async def listen(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/callback"

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        target = urlsplit(head.split(b" ", 2)[1].decode())
        body = b"<p>You may close this window.</p>"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n")
        writer.write(b"content-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()
        if target.path == "/callback" and not self.answer.done():
            self.answer.set_result(target.query)

    async def result(self):
        query = parse_qs(await self.answer)
        code, state, iss = (query.get(name, [None])[0] for name in ("code", "state", "iss"))
        if code is None:
            raise RuntimeError(f"no code: {query}")
        return AuthorizationCodeResult(code=code, state=state, iss=iss)


async def open_browser(url):
    say({"open": url})


async def connect(stack):
    back = Callback()
    await back.listen()
    provider = OAuthClientProvider(
        server_url=ENDPOINT,
        client_metadata=OAuthClientMetadata(
            client_name="Python SDK",
            redirect_uris=[back.address],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        storage=Store(),
        redirect_handler=open_browser,
        callback_handler=back.result,
    )
    http = await stack.enter_async_context(create_mcp_http_client(auth=provider))
    client = Client(streamable_http_client(ENDPOINT, http_client=http), mode="legacy")
    return await stack.enter_async_context(client)


async def main():
    loop = asyncio.get_running_loop()
    client = None
    async with AsyncExitStack() as stack:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip() != "call":
                raise RuntimeError(f"what is {line}?")
            try:
                client = client or await connect(stack)
                result = await client.call_tool(TOOL, {})
                text = "".join(getattr(part, "text", "") for part in result.content)
                say({"error": text} if result.is_error else {"text": text})
            except Exception as error:
                say({"error": repr(error)})


asyncio.run(main())
