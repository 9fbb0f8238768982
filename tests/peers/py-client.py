"""The official Python SDK as a client: the story of ts-client.mjs, in one JSON report.

    python py-client.py http|sse URL [--prefix P] [--mode legacy|auto]
    python py-client.py stdio COMMAND ARG... [--prefix P] [--mode legacy|auto]
"""

import argparse
import asyncio
import json
import os

import mcp.types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

DEADLINE = 20.0


def text(result):
    return "".join(getattr(part, "text", "") for part in result.content)


def transport(kind, target, rest):
    if kind == "http":
        return streamable_http_client(target)
    if kind == "sse":
        return sse_client(target)
    return StdioServerParameters(command=target, args=rest, env=dict(os.environ))


async def everything(list_page, key):
    items, cursor = [], None
    while True:
        page = await list_page(cursor=cursor)
        items += getattr(page, key)
        cursor = page.next_cursor
        if not cursor:
            return items


async def story(client, prefix, seen):
    async def call(name, arguments=None, **more):
        return await client.call_tool(f"{prefix}{name}", arguments or {}, **more)

    report = {"protocol": client.protocol_version, "server": client.server_info.name}
    report["tools"] = [tool.name for tool in await everything(client.list_tools, "tools")]
    prompts = await everything(client.list_prompts, "prompts")
    resources = await everything(client.list_resources, "resources")
    templates = await everything(client.list_resource_templates, "resource_templates")
    report["prompts"] = [prompt.name for prompt in prompts]
    report["resources"] = [str(resource.uri) for resource in resources]
    report["templates"] = [template.uri_template for template in templates]

    report["echo"] = text(await call("echo", {"message": "héllo 世界"}))
    report["sum"] = text(await call("get-sum", {"a": 2, "b": 40}))
    report["structured"] = (await call("get-structured-content", {"location": "Chicago"})).structured_content
    report["image"] = [part.type for part in (await call("get-tiny-image")).content]
    try:
        unknown = await call("no-such-tool")
        report["unknownTool"] = {"isError": unknown.is_error, "message": text(unknown)}
    except MCPError as error:
        report["unknownTool"] = {"code": error.code, "message": error.message}

    progress = []

    async def on_progress(value, total, message):
        progress.append(value)

    long = await call("trigger-long-running-operation", {"duration": 0.2, "steps": 4}, progress_callback=on_progress)
    report["long"], report["progress"] = text(long), progress

    report["sampling"] = text(await call("trigger-sampling-request", {"prompt": "what now?"}))
    report["elicitation"] = text(await call("trigger-elicitation-request"))
    report["asked"] = seen["asked"]

    def prompt(suffix):
        return next(candidate.name for candidate in prompts if candidate.name.endswith(suffix))

    answer = await client.get_prompt(prompt("args-prompt"), {"city": "Paris"})
    report["prompt"] = answer.messages[0].content.text
    completion = await client.complete(
        types.PromptReference(type="ref/prompt", name=prompt("completable-prompt")),
        {"name": "department", "value": "Eng"},
    )
    report["completion"] = completion.completion.values
    dynamic = next(t.uri_template for t in templates if "dynamic/text" in t.uri_template)
    uri = dynamic.replace("{resourceId}", "7")
    report["readDynamic"] = (await client.read_resource(uri)).contents[0].text

    if client.protocol_version < "2026":
        await client.set_logging_level("debug")
        await client.subscribe_resource(uri)
        await call("toggle-subscriber-updates")
        report["updated"] = await asyncio.wait_for(seen["updated"], DEADLINE) == uri
        await call("toggle-subscriber-updates")
        await client.unsubscribe_resource(uri)
        await call("toggle-simulated-logging")
        report["logged"] = await asyncio.wait_for(seen["logged"], DEADLINE)
        await call("toggle-simulated-logging")
        await client.send_ping()
    answers = await asyncio.gather(*(call("echo", {"message": f"m{i}"}) for i in range(20)))
    report["concurrent"] = [text(answer) for answer in answers] == [f"Echo: m{i}" for i in range(20)]
    return report


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["http", "sse", "stdio"])
    parser.add_argument("target")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--mode", default="legacy")
    given, rest = parser.parse_known_args()

    loop = asyncio.get_running_loop()
    seen = {"asked": [], "updated": loop.create_future(), "logged": loop.create_future()}

    async def sample(context, params):
        seen["asked"].append("sampling/createMessage")
        content = types.TextContent(type="text", text="sampled here")
        return types.CreateMessageResult(role="assistant", model="test-model", content=content)

    async def elicit(context, params):
        seen["asked"].append("elicitation/create")
        return types.ElicitResult(action="accept", content={"name": "Ada Lovelace", "check": True})

    async def log(params):
        if not seen["logged"].done():
            seen["logged"].set_result(params.level)

    async def message(item):
        if isinstance(item, types.ResourceUpdatedNotification) and not seen["updated"].done():
            seen["updated"].set_result(str(item.params.uri))

    client = Client(
        transport(given.kind, given.target, rest),
        sampling_callback=sample,
        elicitation_callback=elicit,
        logging_callback=log,
        message_handler=message,
        mode=given.mode,
        read_timeout_seconds=DEADLINE,
    )
    async with client:
        report = await story(client, given.prefix, seen)
    print(json.dumps(report))


asyncio.run(main())
