// The official TypeScript SDK (v1) with its own OAuth client. Without a token it asks its way to
// one, opens a browser, and hears of the answer at a callback of its own; with one it goes on.
//
//   node ts-oauth.mjs ENDPOINT STORE TOOL
//
// STORE is a JSON file with what it must not forget. Each line on stdin is a call of TOOL; each
// line on stdout is {"open": URL}, {"text": what the tool said} or {"error": why not}.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [endpoint, file, tool] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** What it must not forget, kept in a file that is never half written. */
const store = {
  read() {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return {};
      throw error;
    }
  },
  write(change) {
    writeFileSync(`${file}.new`, JSON.stringify({ ...store.read(), ...change }));
    renameSync(`${file}.new`, file);
  },
};

/** The loopback listener to which the browser brings the answer. */
async function callback() {
  let arrived;
  const answer = new Promise((resolve) => (arrived = resolve));
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    response.writeHead(url.pathname === '/callback' ? 200 : 404, { 'content-type': 'text/html' });
    response.end('<p>You may close this window.</p>');
    if (url.pathname === '/callback') arrived(url.searchParams);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { address: `http://127.0.0.1:${server.address().port}/callback`, answer };
}

class Provider {
  constructor(back) {
    this.back = back;
    this.expected = randomUUID();
  }
  get redirectUrl() {
    return this.back.address;
  }
  get clientMetadata() {
    return {
      client_name: 'TypeScript SDK',
      redirect_uris: [this.back.address],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }
  state() {
    return this.expected;
  }
  clientInformation() {
    return store.read().client;
  }
  saveClientInformation(client) {
    store.write({ client });
  }
  tokens() {
    return store.read().tokens;
  }
  saveTokens(tokens) {
    store.write({ tokens });
  }
  /** The server has said that these are no good any more. */
  invalidateCredentials(scope) {
    if (scope === 'all' || scope === 'tokens') store.write({ tokens: undefined });
    if (scope === 'all' || scope === 'client') store.write({ client: undefined });
  }
  redirectToAuthorization(url) {
    say({ open: url.href });
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
}

async function connect() {
  const back = await callback();
  const provider = new Provider(back);
  const transport = () => new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider });
  const client = new Client({ name: 'ts-oauth', version: '1.0' });
  const first = transport();
  try {
    await client.connect(first);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const answer = await back.answer;
  if (answer.get('state') !== provider.expected) throw new Error(`not the answer to this request: ${answer}`);
  if (!answer.has('code')) throw new Error(`no code: ${answer}`);
  await first.finishAuth(answer.get('code'));
  await client.connect(transport());
  return client;
}

let client;
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'call') throw new Error(`what is ${line}?`);
  try {
    client ??= await connect();
    const result = await client.callTool({ name: tool, arguments: {} });
    const text = result.content.map((part) => part.text ?? '').join('');
    say(result.isError ? { error: text } : { text });
  } catch (error) {
    say({ error: String(error.stack ?? error) });
  }
}
await client?.close();
process.exit(0);
