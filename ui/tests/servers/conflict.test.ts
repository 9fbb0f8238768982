import { describe, expect, test } from 'vitest';
import { differences, firstChoices, merged } from '../../src/views/servers/conflict';
import { localForm, remoteForm } from './forms';

const base = localForm();
const ids = (mine = base, file = base) => differences(base, mine, file).map(({ id }) => id);

describe('what is a conflict', () => {
  test('nothing, where the file says what it said', () => {
    expect(ids(localForm({ cwd: '/mine' }))).toEqual([]);
  });

  test('nothing, where both say the same', () => {
    const changed = localForm({ poolSize: 3 });
    expect(ids(changed, changed)).toEqual([]);
  });

  test('what only the file changed, and what both changed', () => {
    const mine = localForm({ cwd: '/mine' });
    const file = localForm({ cwd: '/file', poolSize: 4 });
    expect(differences(base, mine, file)).toEqual([
      { id: 'cwd', fields: ['cwd'], both: true },
      { id: 'poolSize', fields: ['poolSize'], both: false },
    ]);
  });

  test('the two halves of a prefix are one', () => {
    expect(ids(base, localForm({ prefix: 'p', stripPrefix: false }))).toEqual(['prefix']);
  });

  test('a program and an address are one', () => {
    const [difference, ...more] = differences(base, base, remoteForm({ name: 'files' }));
    expect(more).toEqual([]);
    expect(difference?.fields).toContain('url');
    expect(difference?.fields).toContain('command');
  });
});

describe('a choice', () => {
  const mine = localForm({ cwd: '/mine', description: 'mine' });
  const file = localForm({ cwd: '/file', poolSize: 4 });
  const found = differences(base, mine, file);

  test('is made where only the file changed, and left where both did', () => {
    expect(firstChoices(found)).toEqual({ poolSize: 'file' });
  });

  test('takes the file’s value or keeps mine; what is in no conflict is mine', () => {
    const form = merged(mine, file, found, { cwd: 'file', poolSize: 'mine' });
    expect(form).toEqual(localForm({ cwd: '/file', poolSize: null, description: 'mine' }));
    expect(merged(mine, file, found, { cwd: 'mine', poolSize: 'file' })).toEqual({
      ...mine,
      poolSize: 4,
    });
  });

  test('of an address takes all that belongs to it', () => {
    const remote = remoteForm({ name: 'files' });
    const differing = differences(base, base, remote);
    expect(merged(base, remote, differing, { kind: 'file' })).toEqual(remote);
  });
});
