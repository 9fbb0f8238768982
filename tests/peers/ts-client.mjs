// The official TypeScript SDK (v1) as a client: goes through everything that a
// client of the `everything` server can do and prints one JSON report.
//
//   node ts-client.mjs http|sse URL [options]
//   node ts-client.mjs stdio COMMAND ARG… [options]
//   --prefix P      what the gateway puts before the tools' names (default "")
//   --mute          declare no sampling and no elicitation
//   --expect-change wait for one tools/list_changed and list the tools again
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

const DEADLINE = 20_000;

function options(argv) {
  const found = { positional: [], prefix: '', mute: false, expectChange: false };
  for (let i = 0; i < argv.length; i += 1) {
    if (argv[i] === '--prefix') found.prefix = argv[(i += 1)];
    else if (argv[i] === '--mute') found.mute = true;
    else if (argv[i] === '--expect-change') found.expectChange = true;
    else found.positional.push(argv[i]);
  }
  return found;
}

function transport([kind, target, ...args]) {
  if (kind === 'http') return new StreamableHTTPClientTransport(new URL(target));
  if (kind === 'sse') return new SSEClientTransport(new URL(target));
  if (kind === 'stdio') return new StdioClientTransport({ command: target, args, env: process.env, stderr: 'inherit' });
  throw new Error(`unknown transport ${kind}`);
}

/** A promise with its resolver and a deadline that names what was awaited. */
function awaited(what) {
  let resolve;
  const promise = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`waited in vain for ${what}`)), DEADLINE);
    timer.unref();
    resolve = (value) => {
      clearTimeout(timer);
      done(value);
    };
  });
  promise.catch(() => {});
  return { promise, resolve };
}

async function all(list, key) {
  const items = [];
  let cursor;
  do {
    const page = await list(cursor ? { cursor } : undefined);
    items.push(...page[key]);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

const text = (result) => result.content.map((part) => part.text ?? '').join('');

async function errorOf(promise) {
  try {
    return { unexpected: await promise };
  } catch (error) {
    return { code: error.code ?? null, message: String(error.message) };
  }
}

async function story(client, { prefix, mute, expectChange }, seen) {
  const report = { server: client.getServerVersion(), capabilities: client.getServerCapabilities() };
  const call = (name, args = {}, extra) =>
    client.callTool({ name: `${prefix}${name}`, arguments: args }, undefined, { timeout: DEADLINE, ...extra });

  report.tools = (await all((page) => client.listTools(page), 'tools')).map((tool) => tool.name);
  if (expectChange) {
    process.stderr.write('waiting for a change\n');
    await seen.toolsChanged.promise;
    report.toolsAfterChange = (await all((page) => client.listTools(page), 'tools')).map((tool) => tool.name);
    return report;
  }
  const prompts = await all((page) => client.listPrompts(page), 'prompts');
  const resources = await all((page) => client.listResources(page), 'resources');
  const templates = await all((page) => client.listResourceTemplates(page), 'resourceTemplates');
  report.prompts = prompts.map((prompt) => prompt.name);
  report.resources = resources.map((resource) => resource.uri);
  report.templates = templates.map((template) => template.uriTemplate);

  report.echo = text(await call('echo', { message: 'héllo 世界' }));
  report.sum = text(await call('get-sum', { a: 2, b: 40 }));
  report.structured = (await call('get-structured-content', { location: 'Chicago' })).structuredContent;
  report.image = (await call('get-tiny-image')).content.map((part) => part.type);
  report.unknownTool = await errorOf(call('no-such-tool').then((result) => {
    if (result.isError) throw new Error(text(result));
    return result;
  }));
  report.badArguments = await call('get-sum', { a: 'x' }).then(
    (result) => ({ isError: result.isError === true }),
    (error) => ({ code: error.code }),
  );

  const progress = [];
  const long = await call('trigger-long-running-operation', { duration: 0.2, steps: 4 }, {
    onprogress: (update) => progress.push(update.progress),
  });
  report.long = text(long);
  report.progress = progress;

  const abort = new AbortController();
  const started = Date.now();
  const cancelled = errorOf(
    call('trigger-long-running-operation', { duration: 15, steps: 30 }, {
      signal: abort.signal,
      onprogress: () => abort.abort('enough'),
    }),
  );
  report.cancelled = { ...(await cancelled), afterMs: Date.now() - started };

  if (mute) {
    report.samplingRefused = await call('trigger-sampling-request', { prompt: 'hi' }).then(
      (result) => ({ isError: result.isError === true, text: text(result) }),
      (error) => ({ code: error.code, text: error.message }),
    );
  } else {
    report.sampling = text(await call('trigger-sampling-request', { prompt: 'what now?' }));
    report.elicitation = text(await call('trigger-elicitation-request'));
  }
  report.asked = seen.asked;

  const prompt = (suffix) => prompts.find((candidate) => candidate.name.endsWith(suffix))?.name;
  report.prompt = (await client.getPrompt({ name: prompt('args-prompt'), arguments: { city: 'Paris' } })).messages[0].content.text;
  const completion = await client.complete({
    ref: { type: 'ref/prompt', name: prompt('completable-prompt') },
    argument: { name: 'department', value: 'Eng' },
  });
  report.completion = completion.completion.values;
  const dynamic = templates.find((template) => template.uriTemplate.includes('dynamic/text'))?.uriTemplate;
  const uri = dynamic.replace('{resourceId}', '7');
  report.read = (await client.readResource({ uri: resources[0].uri })).contents[0].uri === resources[0].uri;
  report.readDynamic = (await client.readResource({ uri })).contents[0].text;

  await client.setLoggingLevel('debug');
  await client.subscribeResource({ uri });
  seen.subscribed = uri;
  await call('toggle-subscriber-updates');
  report.updated = await seen.updated.promise;
  await call('toggle-subscriber-updates');
  await client.unsubscribeResource({ uri });
  await call('toggle-simulated-logging');
  report.logged = await seen.logged.promise;
  await call('toggle-simulated-logging');
  await client.ping();
  report.concurrent = (
    await Promise.all(Array.from({ length: 20 }, (_, i) => call('echo', { message: `m${i}` })))
  ).every((result, i) => text(result) === `Echo: m${i}`);
  return report;
}

async function main() {
  const given = options(process.argv.slice(2));
  const seen = {
    asked: [],
    subscribed: null,
    updated: awaited('resources/updated'),
    logged: awaited('a log message'),
    toolsChanged: awaited('tools/list_changed'),
  };
  const capabilities = given.mute ? {} : { sampling: {}, elicitation: {} };
  const client = new Client({ name: 'ts-client', version: '1.0' }, { capabilities });
  if (!given.mute) {
    client.setRequestHandler(CreateMessageRequestSchema, (request) => {
      seen.asked.push(request.method);
      return { role: 'assistant', model: 'test-model', content: { type: 'text', text: 'sampled here' } };
    });
    client.setRequestHandler(ElicitRequestSchema, (request) => {
      seen.asked.push(request.method);
      return { action: 'accept', content: { name: 'Ada Lovelace', check: true } };
    });
  }
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => seen.logged.resolve(params.level));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => seen.updated.resolve(params.uri === seen.subscribed));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => seen.toolsChanged.resolve(true));
  const errors = [];
  client.onerror = (error) => errors.push(String(error));

  const wire = transport(given.positional);
  await client.connect(wire);
  const report = await story(client, given, seen);
  report.errors = errors.slice();
  if (wire.terminateSession) await wire.terminateSession();
  await client.close();
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
