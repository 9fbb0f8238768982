// What every TypeScript client does, whichever SDK it is built on: it goes through everything that
// a client of the `everything` server can do, then through what the server of the conformance
// suite (`tests/testkit`) offers beyond that, and gives one report. An adapter brings
//
//   client   with the methods that both SDKs name alike
//   call     (name, args, options) => result of a tool
//   modern   whether requests describe themselves, and changes come on a stream that is asked for
//   listen   (filter) => { close() }, where `modern`
const DEADLINE = 20_000;

/** The command line: see ts-client.mjs. */
export function options(argv) {
  const found = { positional: [], prefix: '', fixture: null, mode: 'legacy', mute: false };
  for (let i = 0; i < argv.length; i += 1) {
    if (argv[i] === '--prefix') found.prefix = argv[(i += 1)];
    else if (argv[i] === '--fixture') found.fixture = argv[(i += 1)];
    else if (argv[i] === '--mode') found.mode = argv[(i += 1)];
    else if (argv[i] === '--mute') found.mute = true;
    else found.positional.push(argv[i]);
  }
  return found;
}

/** A promise with its resolver and a deadline that names what was awaited. */
export function awaited(what) {
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

/** What has been asked and told so far. */
export function nothingSeen() {
  return {
    asked: [],
    subscribed: null,
    updated: awaited('resources/updated'),
    logged: awaited('a log message'),
    /** What the line must say that is waited for, where that matters. */
    line: null,
    toolsChanged: awaited('tools/list_changed'),
    log({ level, data }) {
      if (this.line === null || this.line === data) this.logged.resolve(level);
    },
  };
}

const KNOWN = { name: 'Ada Lovelace', check: true, username: 'ada', email: 'ada@example.com', color: 'blue' };

/** The user: fills in what a form asks for and knows. */
export function answerForm(seen, request) {
  seen.asked.push(request.method);
  const fields = Object.keys(request.params.requestedSchema.properties);
  const known = fields.filter((field) => field in KNOWN);
  return { action: 'accept', content: Object.fromEntries(known.map((field) => [field, KNOWN[field]])) };
}

/** The model. */
export function answerSampling(seen, request) {
  seen.asked.push(request.method);
  return { role: 'assistant', model: 'test-model', content: { type: 'text', text: 'sampled here' } };
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

async function cancelled(call) {
  const abort = new AbortController();
  const started = Date.now();
  const error = await errorOf(
    call('trigger-long-running-operation', { duration: 15, steps: 30 }, {
      signal: abort.signal,
      onprogress: () => abort.abort('enough'),
    }),
  );
  return { ...error, afterMs: Date.now() - started };
}

/** The story; the report is the promise's value. */
export async function story(adapter, given, seen) {
  const { client, modern } = adapter;
  const { prefix, mute } = given;
  const report = { server: client.getServerVersion(), capabilities: client.getServerCapabilities(), modern };
  const call = (name, args = {}, extra = {}) =>
    adapter.call(`${prefix}${name}`, args, { timeout: DEADLINE, ...extra });

  report.tools = (await all((page) => client.listTools(page), 'tools')).map((tool) => tool.name);
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

  report.progress = [];
  report.long = text(await call('trigger-long-running-operation', { duration: 0.2, steps: 4 }, {
    onprogress: (update) => report.progress.push(update.progress),
  }));

  if (mute) {
    report.samplingRefused = await call('trigger-sampling-request', { prompt: 'hi' }).then(
      (result) => ({ isError: result.isError === true, text: text(result) }),
      (error) => ({ code: error.code, text: error.message }),
    );
  } else {
    report.sampling = text(await call('trigger-sampling-request', { prompt: 'what now?' }));
    report.elicitation = text(await call('trigger-elicitation-request'));
  }
  report.asked = [...seen.asked];
  // After the questions: for a moment what its server asks could still be about this call.
  report.cancelled = await cancelled(call);

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

  const listening = modern ? await adapter.listen({ toolsListChanged: true, resourceSubscriptions: [uri] }) : null;
  if (listening) report.honored = listening.honoredFilter;
  else await client.subscribeResource({ uri });
  seen.subscribed = uri;
  await call('toggle-subscriber-updates');
  report.updated = await seen.updated.promise;
  await call('toggle-subscriber-updates');
  if (!modern) {
    await client.unsubscribeResource({ uri });
    await client.setLoggingLevel('debug');
    await call('toggle-simulated-logging');
    report.logged = await seen.logged.promise;
    await call('toggle-simulated-logging');
    await client.ping();
  }
  if (given.fixture !== null) report.fixture = await behindToo(adapter, given, seen);
  await listening?.close();
  report.concurrent = (
    await Promise.all(Array.from({ length: 20 }, (_, i) => call('echo', { message: `m${i}` })))
  ).every((result, i) => text(result) === `Echo: m${i}`);
  return report;
}

/** What the server of the conformance suite offers, in whichever era it speaks. */
async function behindToo({ client, modern, call: anyCall }, { fixture, mute }, seen) {
  const call = (name, args = {}, extra = {}) => anyCall(`${fixture}${name}`, args, { timeout: DEADLINE, ...extra });
  const report = { text: text(await call('test_simple_text')) };
  report.failed = (await call('test_error_handling')).isError;
  report.progress = [];
  await call('test_tool_with_progress', {}, { onprogress: (update) => report.progress.push(update.progress) });
  const already = seen.asked.length;
  if (!mute) {
    report.sampling = text(await call('test_sampling', { prompt: 'who?' }));
    report.elicitation = text(await call('test_elicitation', { message: 'who?' }));
    report.rounds = text(await call('test_input_required_result_multi_round'));
  }
  report.asked = seen.asked.slice(already);

  // The other server may still be logging.
  seen.line = 'A line';
  seen.logged = awaited('a log message of the fixture');
  const level = modern ? { _meta: { 'io.modelcontextprotocol/logLevel': 'info' } } : {};
  await call('test_logging_tool', {}, level);
  report.logged = await seen.logged.promise;

  const names = async () => (await all((page) => client.listTools(page), 'tools')).map((tool) => tool.name);
  for (const now of ['added', 'removed']) {
    seen.toolsChanged = awaited('tools/list_changed');
    await call('test_trigger_tool_change');
    await seen.toolsChanged.promise;
    report[now] = (await names()).includes(`${fixture}test_added_tool`);
  }
  return report;
}
