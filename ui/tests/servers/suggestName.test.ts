import { expect, test } from 'vitest';
import { splitCommand } from '../../src/views/servers/shell';
import { freeName, suggestName } from '../../src/views/servers/suggestName';

test.each([
  ['npx -y @modelcontextprotocol/server-filesystem /x', 'filesystem'],
  ['npx -y @playwright/mcp@latest', 'playwright'],
  ['npx -y @z_ai/mcp-server', 'z-ai'],
  ['npx -y minimax-mcp-js', 'minimax'],
  ['npx.cmd -y mcp-searxng', 'searxng'],
  ['cmd /c npx -y tavily-mcp@0.1.4', 'tavily'],
  ['uvx mcp-server-git --repository /r', 'git'],
  ['uvx mcp-server-fetch==1.2', 'fetch'],
  ['uvx --from git+https://github.com/oraios/serena serena-mcp-server', 'serena'],
  ['uvx --python 3.12 awslabs.core-mcp-server@latest', 'awslabs.core'],
  ['uv --directory /home/me/weather run weather.py', 'weather'],
  ['python -m mcp_server_time', 'time'],
  ['node /home/me/notes/dist/index.js', 'notes'],
  ['node ./server.js', ''],
  ['docker run -i --rm -e GITHUB_TOKEN ghcr.io/github/github-mcp-server', 'github'],
  ['docker run -i --rm --name x -v /a:/b mcp/postgres:1.2 postgresql://h/db', 'postgres'],
  ['/opt/tools/my-mcp', 'my'],
  ['C:\\tools\\Everything.exe', 'everything'],
  ['npx', ''],
  ['npx -y github:me/cool-mcp', 'cool'],
  ['', ''],
])('%s → %s', (line, name) => {
  const { words } = splitCommand(line);
  expect(suggestName({ kind: 'local', command: words, url: '' })).toBe(name);
});

test.each([
  ['https://mcp.notion.com/mcp', 'notion'],
  ['https://api.githubcopilot.com/mcp/', 'githubcopilot'],
  ['https://mcp.linear.app/sse', 'linear'],
  ['http://localhost:3000/mcp', 'local-3000'],
  ['http://127.0.0.1:8080/weather/mcp', 'weather'],
  ['http://intranet/mcp', 'intranet'],
  ['https://', ''],
])('%s → %s', (url, name) => {
  expect(suggestName({ kind: 'remote', command: [], url })).toBe(name);
});

test('a name that is taken gets a number', () => {
  expect(freeName('git', [])).toBe('git');
  expect(freeName('git', ['git', 'git-2'])).toBe('git-3');
});
