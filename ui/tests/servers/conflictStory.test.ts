import { fireEvent, screen, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { localForm } from './forms';
import { answers, detail, field, open, press, refusal, saved, sent, type } from './formStory';

describe('a file that was changed by hand meanwhile', () => {
  const theirs = localForm({ cwd: '/theirs', poolSize: 4 });

  beforeEach(() => {
    answers['PUT /api/servers/files'] = refusal(409, {
      code: 'conflict',
      current: detail(theirs, 'r7'),
      revision: 'r7',
    });
  });

  async function conflict() {
    await open('files');
    await type('Working folder', '/mine');
    await type('Description', 'Mine');
    await press('Save');
    await screen.findByRole('heading', { name: 'The file was changed meanwhile' });
  }

  test('nothing is sent before every field that both changed is decided', async () => {
    await conflict();
    const folder = within(screen.getByRole('group', { name: 'Working folder' }));
    expect(folder.getByText('/theirs')).toBeTruthy();
    expect(folder.getByText('/mine')).toBeTruthy();
    expect(screen.queryByRole('group', { name: 'Description' })).toBeNull();
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save this' });
    expect(save.disabled).toBe(true);
    expect(screen.getByText('One choice is left.')).toBeTruthy();
    answers['PUT /api/servers/files'] = saved;
    await fireEvent.click(folder.getByRole('radio', { name: /Keep mine/ }));
    expect(save.disabled).toBe(false);
    await fireEvent.click(save);
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]).toEqual({
      revision: 'r7',
      form: localForm({ cwd: '/mine', description: 'Mine', poolSize: 4 }),
    });
  });

  test('all of the file, but for what it does not know of', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = saved;
    await press('Take all from the file');
    await press('Save this');
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]?.form).toEqual({ ...theirs, description: 'Mine' });
  });

  test('all of mine, over what the file says', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = saved;
    await press('Keep all mine');
    await press('Save this');
    await vi.waitFor(() => expect(sent('PUT')).toHaveLength(2));
    expect(sent('PUT')[1]?.form).toEqual(localForm({ cwd: '/mine', description: 'Mine' }));
  });

  test('changed once more, asks once more', async () => {
    await conflict();
    answers['PUT /api/servers/files'] = refusal(409, {
      code: 'conflict',
      current: detail(localForm({ cwd: '/later', poolSize: 4 }), 'r8'),
      revision: 'r8',
    });
    await press('Keep all mine');
    await press('Save this');
    expect(await screen.findByText('/later')).toBeTruthy();
    expect(screen.queryByText('/theirs')).toBeNull();
  });

  test('the way back leads to what was typed', async () => {
    await conflict();
    await press('Back');
    expect(field('Working folder').value).toBe('/mine');
  });

  test('a server that is gone can be added again', async () => {
    answers['PUT /api/servers/files'] = refusal(409, { code: 'conflict', revision: 'r9' });
    await open('files');
    await type('Description', 'Mine');
    await press('Save');
    await screen.findByText(/The file no longer lists this server/);
    await press('Add it again');
    await vi.waitFor(() =>
      expect(sent('POST')).toEqual([{ revision: 'r9', form: localForm({ description: 'Mine' }) }]),
    );
  });
});
