import { afterEach, describe, expect, test } from 'vitest';
import { preferences } from '../../src/state/preferences.svelte';
import { serverOf } from '../../src/views/accounts/reach';
import { pathOf, siteOf } from '../../src/views/accounts/service';
import { fromNow } from '../../src/views/accounts/times';

afterEach(() => (preferences.language = 'en'));

describe('what a client gets', () => {
  const servers = ['ecs', 'my files'];

  test.each([
    ['http://localhost:4298/ecs/mcp', 'ecs'],
    ['http://localhost:4298/my%20files/mcp', 'my files'],
    ['https://example.com/gateway/ecs/mcp', 'ecs'],
    ['/ecs/mcp', 'ecs'],
  ])('%s is one server', (resource, server) => {
    expect(serverOf(resource, servers)).toBe(server);
  });

  test.each([
    [null],
    [undefined],
    ['http://localhost:4298/mcp'],
    ['https://example.com/gateway/mcp'],
    ['http://localhost:4298/ecs'],
    ['http://localhost:4298/%E0%A4%A/mcp'],
    [''],
  ])('%s may be all of them', (resource) => {
    expect(serverOf(resource, servers)).toBeNull();
  });
});

test.each([
  ['/mcp', '/mcp'],
  [' /id/abc/mcp ', '/id/abc/mcp'],
  [
    'https://openapi-mcp.cn-hangzhou.aliyuncs.com/accounts/1/custom/ops/id/x/mcp',
    '/accounts/1/custom/ops/id/x/mcp',
  ],
  ['https://openapi-mcp-intl.vpc-proxy.aliyuncs.com/mcp?a=1', '/mcp?a=1'],
  ['https://openapi-mcp.cn-hangzhou.aliyuncs.com/', null],
  ['https://example.com/mcp', null],
  ['https://', null],
  ['mcp', null],
  ['/', null],
  ['//elsewhere/mcp', null],
  ['/two words', null],
  ['', null],
])('the path of %s', (text, path) => {
  expect(pathOf(text)).toBe(path);
});

test.each([
  ['https://openapi-mcp.cn-hangzhou.aliyuncs.com/mcp', 'cn'],
  ['https://openapi-mcp.ap-southeast-1.aliyuncs.com/mcp', 'intl'],
  ['https://example.com/mcp', null],
  ['https://aliyuncs.com.example.com/mcp', null],
  ['/mcp', null],
])('the site of %s', (text, site) => {
  expect(siteOf(text)).toBe(site);
});

test.each([
  [100_000, 'tomorrow', '明天'],
  [7300, 'in 2 hours', '2小时后'],
  [90, 'in 1 minute', '1分钟后'],
  [5, 'in 1 minute', '1分钟后'],
  [0, 'now', '现在'],
  [-30, 'now', '现在'],
  [-300, '5 minutes ago', '5分钟前'],
  [-86_400 * 40, '40 days ago', '40天前'],
])('%d seconds from now', (seconds, english, chinese) => {
  expect(fromNow(1_800_000_000 + seconds, 1_800_000_000)).toBe(english);
  preferences.language = 'zh';
  expect(fromNow(1_800_000_000 + seconds, 1_800_000_000)).toBe(chinese);
});
