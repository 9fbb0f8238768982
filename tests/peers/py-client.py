"""The official Python SDK as a client: the story of story.mjs, in one JSON report.

    python py-client.py http|sse URL [--prefix P] [--fixture P] [--mode legacy|auto|VERSION]
    python py-client.py stdio COMMAND ARG... [the same]
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

KNOWN = {"name": "Ada Lovelace", "check": True, "username": "ada", "email": "ada@example.com", "color": "blue"}


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


async def cancelled(call):
    """Leaves a long call as soon as it is known to be under way."""
    begun = asyncio.Event()

    async def on_progress(value, total, message):
        begun.set()

    arguments = {"duration": 15, "steps": 30}
    long = asyncio.create_task(call("trigger-long-running-operation", arguments, progress_callback=on_progress))
    await asyncio.wait_for(begun.wait(), DEADLINE)
    long.cancel()
    try:
        await long
        return False
    except asyncio.CancelledError:
        return True


async def behind_too(client, prefix, seen, change):
    """What the server of the conformance suite offers, in whichever era it speaks."""

    async def call(name, arguments=None, **more):
        return await client.call_tool(f"{prefix}{name}", arguments or {}, **more)

    report = {"text": text(await call("test_simple_text"))}
    report["failed"] = (await call("test_error_handling")).is_error
    report["progress"] = []

    async def on_progress(value, total, message):
        report["progress"].append(value)

    await call("test_tool_with_progress", progress_callback=on_progress)
    already = len(seen["asked"])
    report["sampling"] = text(await call("test_sampling", {"prompt": "who?"}))
    report["elicitation"] = text(await call("test_elicitation", {"message": "who?"}))
    report["rounds"] = text(await call("test_input_required_result_multi_round"))
    report["asked"] = seen["asked"][already:]

    await call("test_logging_tool")
    async with asyncio.timeout(DEADLINE):
        # The other server may still be logging.
        while (line := await seen["lines"].get()).data != "A line":
            pass
    report["logged"] = line.level

    for now in ("added", "removed"):
        await call("test_trigger_tool_change")
        await asyncio.wait_for(change(), DEADLINE)
        names = [tool.name for tool in await everything(client.list_tools, "tools")]
        report[now] = f"{prefix}test_added_tool" in names
    return report


async def story(client, prefix, fixture, seen):
    async def call(name, arguments=None, **more):
        return await client.call_tool(f"{prefix}{name}", arguments or {}, **more)

    report = {"protocol": client.protocol_version}
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
    report["asked"] = list(seen["asked"])
    # After the questions: for a moment what its server asks could still be about this call.
    report["cancelled"] = await cancelled(call)

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

    report["modern"] = client.protocol_version >= "2026"
    if report["modern"]:
        listening = client.listen(tools_list_changed=True, resource_subscriptions=[uri])
        async with listening as changes:
            await call("toggle-subscriber-updates")
            event = await asyncio.wait_for(anext(aiter(changes)), DEADLINE)
            report["updated"] = str(event.uri) == uri
            await call("toggle-subscriber-updates")
        if fixture is not None:
            async with client.listen(tools_list_changed=True) as changes:
                told = aiter(changes)
                report["fixture"] = await behind_too(client, fixture, seen, lambda: anext(told))
    else:
        await client.subscribe_resource(uri)
        await call("toggle-subscriber-updates")
        report["updated"] = await asyncio.wait_for(seen["updated"], DEADLINE) == uri
        await call("toggle-subscriber-updates")
        await client.unsubscribe_resource(uri)
        await client.set_logging_level("debug")
        await call("toggle-simulated-logging")
        report["logged"] = (await asyncio.wait_for(seen["lines"].get(), DEADLINE)).level
        await call("toggle-simulated-logging")
        await client.send_ping()
        if fixture is not None:
            report["fixture"] = await behind_too(client, fixture, seen, seen["changes"].get)
    answers = await asyncio.gather(*(call("echo", {"message": f"m{i}"}) for i in range(20)))
    report["concurrent"] = [text(answer) for answer in answers] == [f"Echo: m{i}" for i in range(20)]
    return report


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["http", "sse", "stdio"])
    parser.add_argument("target")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--fixture")
    parser.add_argument("--mode", default="legacy")
    given, rest = parser.parse_known_args()

    loop = asyncio.get_running_loop()
    seen = {
        "asked": [],
        "updated": loop.create_future(),
        "lines": asyncio.Queue(),
        "changes": asyncio.Queue(),
    }

    async def sample(context, params):
        seen["asked"].append("sampling/createMessage")
        content = types.TextContent(type="text", text="sampled here")
        return types.CreateMessageResult(role="assistant", model="test-model", content=content)

    async def elicit(context, params):
        seen["asked"].append("elicitation/create")
        fields = params.requested_schema["properties"]
        content = {field: KNOWN[field] for field in fields if field in KNOWN}
        return types.ElicitResult(action="accept", content=content)

    async def log(params):
        seen["lines"].put_nowait(params)

    async def message(item):
        if isinstance(item, types.ResourceUpdatedNotification) and not seen["updated"].done():
            seen["updated"].set_result(str(item.params.uri))
        if isinstance(item, types.ToolListChangedNotification):
            seen["changes"].put_nowait(item)

    client = Client(
        transport(given.kind, given.target, rest),
        sampling_callback=sample,
        elicitation_callback=elicit,
        logging_callback=log,
        log_level="info",
        message_handler=message,
        mode=given.mode,
        read_timeout_seconds=DEADLINE,
    )
    async with client:
        report = await story(client, given.prefix, given.fixture, seen)
    print(json.dumps(report))


asyncio.run(main())
