import { cleanup, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, test, vi } from 'vitest';
import { EventStream, line } from '../fixtures';
import { answers, open, press, refusal, sent, type } from './formStory';

describe('a test', () => {
  const start = async (stream: EventStream, command = 'npx x') => {
    answers['POST /api/test'] = stream;
    await open();
    await type('Command line', command);
    await press('Test');
    await vi.waitFor(() => expect(stream.listeners).toBe(1));
  };

  test('shows what the server prints, then its tools', async () => {
    const stream = new EventStream();
    await start(stream);
    expect(screen.getAllByText('Trying the server')).not.toEqual([]);
    stream.send('log', { lines: [{ ...line(0), text: 'installing' }] });
    expect(await screen.findByText(/installing/)).toBeTruthy();
    stream.send('ok', {
      name: 'x-server',
      version: '1.0',
      protocol: '2025-06-18',
      tools: [
        {
          own: 'a',
          exposed: 'x_a',
          on: true,
          rename: null,
          title: null,
          description: 'Does a',
          readOnly: true,
          destructive: null,
        },
      ],
      prompts: 0,
      resources: 2,
      took: 1234,
    });
    expect(await screen.findByText('It works: 1 tool after 1.2 s.')).toBeTruthy();
    expect(screen.getByText('x_a')).toBeTruthy();
    expect(sent('POST')).toHaveLength(1);
    await type('Description', 'Changed');
    expect(screen.getByText('The settings were changed since.')).toBeTruthy();
  });

  test('shows why it failed and what helps', async () => {
    const stream = new EventStream();
    await start(stream);
    stream.send('failed', {
      message: { en: 'It ended.', zh: '它结束了。' },
      remedy: { en: 'Start Docker.', zh: '请启动 Docker。' },
      lastLines: ['the last line'],
    });
    expect(await screen.findByText('It ended.')).toBeTruthy();
    expect(screen.getByText('Start Docker.')).toBeTruthy();
    expect(screen.getByText('the last line')).toBeTruthy();
  });

  test('is stopped by closing the stream', async () => {
    const stream = new EventStream();
    await start(stream);
    await press('Stop');
    await vi.waitFor(() => expect(stream.listeners).toBe(0));
    expect(screen.getByText('Stopped before the server answered.')).toBeTruthy();
  });

  test('ends with the form', async () => {
    const stream = new EventStream();
    await start(stream);
    cleanup();
    await vi.waitFor(() => expect(stream.listeners).toBe(0));
  });

  test('of a form that cannot be used marks the field', async () => {
    answers['POST /api/test'] = refusal(422, {
      fields: [{ field: 'env.A B', message: { en: 'no such name', zh: '不能作为名称' } }],
    });
    await open();
    await type('Command line', 'npx x');
    await press('Add a variable');
    await press('Test');
    expect(await screen.findByText(/no such name/i)).toBeTruthy();
    await tick();
    expect(document.activeElement).toBe(screen.getByLabelText('Variable 1: name'));
  });
});
