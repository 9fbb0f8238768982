// The official TypeScript SDK (v2) as a client: does what story.mjs tells and prints the report.
//
//   node ts2-client.mjs http|sse URL [options]
//   node ts2-client.mjs stdio COMMAND ARG… [options]
//   --mode M     legacy (default), auto, or a version that it insists on
//   the others are those of ts-client.mjs
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { answerForm, answerSampling, nothingSeen, options, story } from './story.mjs';

function transport([kind, target, ...args]) {
  if (kind === 'http') return new StreamableHTTPClientTransport(new URL(target));
  if (kind === 'sse') return new SSEClientTransport(new URL(target));
  if (kind === 'stdio') return new StdioClientTransport({ command: target, args, env: process.env, stderr: 'inherit' });
  throw new Error(`unknown transport ${kind}`);
}

async function main() {
  const given = options(process.argv.slice(2));
  const seen = nothingSeen();
  const mode = given.mode === 'legacy' || given.mode === 'auto' ? given.mode : { pin: given.mode };
  const capabilities = given.mute ? {} : { sampling: {}, elicitation: {} };
  const client = new Client({ name: 'ts2-client', version: '1.0' }, { capabilities, versionNegotiation: { mode } });
  if (!given.mute) {
    client.setRequestHandler('sampling/createMessage', (request) => answerSampling(seen, request));
    client.setRequestHandler('elicitation/create', (request) => answerForm(seen, request));
  }
  client.setNotificationHandler('notifications/message', ({ params }) => seen.log(params));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => seen.updated.resolve(params.uri === seen.subscribed));
  client.setNotificationHandler('notifications/tools/list_changed', () => seen.toolsChanged.resolve(true));
  const errors = [];
  client.onerror = (error) => errors.push(String(error));

  const wire = transport(given.positional);
  await client.connect(wire);
  const modern = client.getProtocolEra() === 'modern';
  const call = (name, args, { _meta, ...extra }) => client.callTool({ name, arguments: args, _meta }, extra);
  const listen = (filter) => client.listen(filter);
  const report = await story({ client, call, listen, modern }, given, seen);
  report.errors = errors.slice();
  if (!modern && wire.terminateSession) await wire.terminateSession();
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
