/** A real client of the gateway: the official TypeScript SDK over Streamable HTTP. */

import { createRequire } from 'node:module';

const peers = createRequire(new URL('../../peers/package.json', import.meta.url));

/** Connects to the gateway, with a token of its own if there is one. Give it back with `close`. */
export async function connect(endpoint, token) {
  const { Client } = peers('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = peers(
    '@modelcontextprotocol/sdk/client/streamableHttp.js',
  );
  const client = new Client({ name: 'e2e', version: '1.0' });
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const wire = new StreamableHTTPClientTransport(new URL(endpoint), { requestInit: { headers } });
  await client.connect(wire);
  return {
    /** The names in `tools/list`, page by page. */
    async tools() {
      const names = [];
      let cursor;
      do {
        const page = await client.listTools(cursor === undefined ? undefined : { cursor });
        names.push(...page.tools.map((tool) => tool.name));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return names;
    },
    /** Calls a tool; gives the text of its answer. */
    async call(name, args = {}) {
      const { content } = await client.callTool({ name, arguments: args });
      return content.map((part) => part.text ?? '').join('');
    },
    async close() {
      await wire.terminateSession();
      await client.close();
    },
  };
}
