import { describe, expect, test } from 'vitest';
import {
  emptyFields,
  isSecretName,
  readVariables,
  toFields,
  toForm,
  withPasted,
} from '../../src/views/servers/fields';
import { pastedServer } from '../../src/views/servers/pasted';
import { localForm, remoteForm } from './forms';

describe('a form that nobody touched goes back as it came', () => {
  test.each([
    ['as little as possible', localForm()],
    ['a remote one', remoteForm()],
    [
      'everything',
      localForm({
        cwd: '/srv',
        callTimeout: 1500,
        poolSize: 3,
        sharing: 'session',
        prefix: 'disk',
        rename: [{ tool: 'read_file', name: 'open' }],
        include: ['a', 'b'],
        exclude: ['c'],
        description: 'Files',
        enabled: false,
      }),
    ],
    ['no tools at all', localForm({ include: [] })],
    ['an empty argument in the middle', localForm({ command: ['x', '', 'y'] })],
    ['no prefix, one way', localForm({ prefix: '' })],
    ['no prefix, the other way', localForm({ stripPrefix: false })],
    ['no prefix, both ways', localForm({ prefix: 'p', stripPrefix: false })],
    ['an address with leftovers of a command', remoteForm({ env: [{ name: 'A', value: '1' }] })],
    ['a command with leftovers of an address', localForm({ headers: [{ name: 'A', value: '1' }] })],
  ])('%s', (_, form) => {
    expect(toForm(toFields(form), form)).toEqual({ form, faults: {} });
  });
});

describe('what is typed', () => {
  const fields = (parts: object) => toForm({ ...emptyFields(), ...parts }, null);

  test('seconds become milliseconds, with a point or a comma', () => {
    expect(fields({ callTimeout: ' 2.5 ' }).form.callTimeout).toBe(2500);
    expect(fields({ callTimeout: '0,2' }).form.callTimeout).toBe(200);
    expect(fields({ callTimeout: '' }).form.callTimeout).toBeNull();
  });

  test.each(['0', 'ten', '-1', '1e3', '5 s'])('%j seconds are a fault', (callTimeout) => {
    expect(fields({ callTimeout }).faults).toEqual({ callTimeout: 'notSeconds' });
  });

  test.each(['0', '1.5', 'x'])('%j connections are a fault', (poolSize) => {
    expect(fields({ poolSize }).faults).toEqual({ poolSize: 'notCount' });
  });

  test('empty rows are left out, half empty ones are the gateway’s to judge', () => {
    const { form } = fields({
      command: ['x', '', '-a', '', ''],
      env: [
        { name: '', value: '' },
        { name: ' A ', value: ' 1 ' },
        { name: '', value: '2' },
      ],
      rename: [
        { name: '', value: '' },
        { name: 'a', value: '' },
      ],
      exclude: [' a ', ''],
    });
    expect(form.command).toEqual(['x', '', '-a']);
    expect(form.env).toEqual([
      { name: 'A', value: ' 1 ' },
      { name: '', value: '2' },
    ]);
    expect(form.rename).toEqual([{ tool: 'a', name: '' }]);
    expect(form.exclude).toEqual(['a']);
  });

  test('the choice of a prefix decides, not what stands in its field', () => {
    expect(fields({ naming: 'default', prefix: 'x' }).form.prefix).toBeNull();
    expect(fields({ naming: 'none', prefix: 'x' }).form.prefix).toBe('');
    expect(fields({ naming: 'own', prefix: 'x' }).form.prefix).toBe('x');
    expect(fields({ naming: 'own', prefix: ' ' }).form.prefix).toBeNull();
  });

  test('a list of tools counts only while it is wanted', () => {
    expect(fields({ only: false, include: ['a'] }).form.include).toBeNull();
    expect(fields({ only: true, include: ['a', ' '] }).form.include).toEqual(['a']);
  });

  test('a server that becomes remote leaves its command behind', () => {
    const base = localForm({ cwd: '/srv' });
    const { form } = toForm({ ...toFields(base), kind: 'remote', url: 'https://h/mcp' }, base);
    expect(form).toMatchObject({ url: 'https://h/mcp', command: [], env: [], cwd: null });
  });
});

test('a paste replaces the connection and what it mentions, and keeps the rest', () => {
  const before = { ...toFields(localForm()), description: 'mine', poolSize: '2' };
  const pasted = pastedServer({ kind: 'remote', url: 'https://mcp.x.io/mcp', callTimeout: 5000 });
  expect(withPasted(before, pasted, 'x', true)).toMatchObject({ env: [], description: 'mine' });
  expect(withPasted(before, pasted, 'x', false)).toEqual({
    ...before,
    name: 'x',
    kind: 'remote',
    command: [],
    url: 'https://mcp.x.io/mcp',
    callTimeout: '5',
  });
});

test('names that look secret', () => {
  for (const name of [
    'API_KEY',
    'GITHUB_TOKEN',
    'db_password',
    'Authorization',
    'GH_PAT',
    'PGPASSWORD',
  ])
    expect(isSecretName(name), name).toBe(true);
  for (const name of ['PATH', 'PATTERN', 'HOST', 'DEBUG', 'Content-Type'])
    expect(isSecretName(name), name).toBe(false);
});

test('lines of an .env file are variables, other text is not', () => {
  expect(readVariables('# comment\nexport A=1\nB="two = 2"\n\nC=\n')).toEqual([
    { name: 'A', value: '1' },
    { name: 'B', value: 'two = 2' },
    { name: 'C', value: '' },
  ]);
  expect(readVariables('API_KEY')).toBeNull();
  expect(readVariables('A=1\nnot one')).toBeNull();
  expect(readVariables('')).toBeNull();
});
