// The official TypeScript SDK (v1) as a client: does what story.mjs tells and prints the report.
//
//   node ts-client.mjs http|sse URL [options]
//   node ts-client.mjs stdio COMMAND ARG… [options]
//   --prefix P   what the gateway puts before the names of the `everything` server (default "")
//   --fixture P  what it puts before those of the conformance suite's server, if that is there
//   --mute       declare no sampling and no elicitation
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
  const capabilities = given.mute ? {} : { sampling: {}, elicitation: {} };
  const client = new Client({ name: 'ts-client', version: '1.0' }, { capabilities });
  if (!given.mute) {
    client.setRequestHandler(CreateMessageRequestSchema, (request) => answerSampling(seen, request));
    client.setRequestHandler(ElicitRequestSchema, (request) => answerForm(seen, request));
  }
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => seen.log(params));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => seen.updated.resolve(params.uri === seen.subscribed));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => seen.toolsChanged.resolve(true));
  const errors = [];
  client.onerror = (error) => errors.push(String(error));

  const wire = transport(given.positional);
  await client.connect(wire);
  const call = (name, args, { _meta, ...extra }) =>
    client.callTool({ name, arguments: args, _meta }, undefined, extra);
  const report = await story({ client, call, modern: false }, given, seen);
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
