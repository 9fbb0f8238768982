/** Forms for the tests of the Servers screens. */

import type { ServerForm } from '../../src/api/types';

export function localForm(parts: Partial<ServerForm> = {}): ServerForm {
  return {
    name: 'files',
    kind: 'local',
    command: ['npx', '-y', '@modelcontextprotocol/server-filesystem', '/data'],
    env: [{ name: 'API_KEY', value: 's3cret' }],
    cwd: null,
    url: null,
    headers: [],
    callTimeout: null,
    poolSize: null,
    sharing: 'shared',
    prefix: null,
    stripPrefix: true,
    rename: [],
    include: null,
    exclude: [],
    description: null,
    enabled: true,
    auth: null,
    ...parts,
  };
}

export function remoteForm(parts: Partial<ServerForm> = {}): ServerForm {
  return localForm({
    name: 'notion',
    kind: 'remote',
    command: [],
    env: [],
    url: 'https://mcp.notion.com/mcp',
    headers: [{ name: 'Authorization', value: 'Bearer x' }],
    ...parts,
  });
}
