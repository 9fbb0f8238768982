import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ToastList from '../src/components/ToastList.svelte';
import { tellError, tellSaved } from '../src/state/outcome';
import { OutageError } from '../src/api/transport';
import { ACTION_MS, MOST, TOAST_MS, Toasts, toasts } from '../src/state/toasts.svelte';
import { serve } from './fixtures';

const texts = (of: Toasts) => of.list.map((toast) => toast.text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is on screen', () => {
  test('a message goes by itself, one with an offer stays longer, a failure stays', () => {
    const list = new Toasts();
    list.show('done');
    list.show('removed', { label: 'Undo', run: () => undefined });
    list.fail('failed');
    vi.advanceTimersByTime(TOAST_MS);
    expect(texts(list)).toEqual(['removed', 'failed']);
    vi.advanceTimersByTime(ACTION_MS * 10);
    expect(texts(list)).toEqual(['failed']);
  });

  test('nothing goes while somebody is at it, and the time begins anew after that', () => {
    const list = new Toasts();
    list.show('before');
    list.hold();
    list.show('meanwhile');
    vi.advanceTimersByTime(TOAST_MS * 10);
    expect(texts(list)).toEqual(['before', 'meanwhile']);
    list.release();
    vi.advanceTimersByTime(TOAST_MS - 1);
    expect(texts(list)).toEqual(['before', 'meanwhile']);
    vi.advanceTimersByTime(1);
    expect(texts(list)).toEqual([]);
  });

  test('the oldest makes room', () => {
    const list = new Toasts();
    for (let n = 0; n < MOST + 2; n += 1) list.show(`${n}`);
    expect(texts(list)).toEqual(['2', '3', '4', '5']);
  });

  test('an offer can be taken once', async () => {
    const list = new Toasts();
    const run = vi.fn();
    list.show('removed', { label: 'Undo', run });
    const [toast] = list.list;
    if (toast) await list.act(toast);
    expect(run).toHaveBeenCalledOnce();
    expect(texts(list)).toEqual([]);
  });
});

describe('in the corner', () => {
  const clear = () => toasts.list.forEach((toast) => toasts.dismiss(toast.id));

  beforeEach(() => {
    sessionStorage.setItem('mcp-gateway.token', 't');
    render(ToastList);
  });
  afterEach(() => {
    clear();
    cleanup();
  });

  const saved = (undo: string | null) => ({ revision: 'r', undo, path: '/c', notices: [] });

  test('what was saved can be taken back', async () => {
    const fetch = serve({ '/api/undo': saved(null) });
    tellSaved('files is removed.', saved('u1'));
    await fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await vi.waitFor(() => expect(texts(toasts)).toEqual(['Taken back.']));
    expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"undo":"u1"}');
  });

  test('an undo that is refused says why', async () => {
    const problem = {
      error: 'changed',
      code: 'conflict',
      message: { en: 'The file was changed since, see `config.json`.', zh: '文件已被修改。' },
      remedy: { en: 'Edit it.', zh: '请编辑。' },
      fields: [],
      current: null,
      revision: null,
    };
    serve({ '/api/undo': Response.json(problem, { status: 409 }) });
    tellSaved('files is removed.', saved('u1'));
    await fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await vi.waitFor(() =>
      expect(texts(toasts)).toEqual(['The file was changed since, see config.json. Edit it.']),
    );
  });

  test('without a way back there is no button for it', async () => {
    tellSaved('files is removed.', saved(null));
    await screen.findByText('files is removed.');
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  test('F8 goes there and holds them, Escape closes the newest and goes back', async () => {
    const button = document.createElement('button');
    document.body.append(button);
    button.focus();
    toasts.show('done');
    await screen.findByText('done');
    await fireEvent.keyDown(window, { key: 'F8' });
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Close');
    vi.advanceTimersByTime(TOAST_MS * 2);
    expect(texts(toasts)).toEqual(['done']);
    await fireEvent.keyDown(window, { key: 'Escape' });
    expect(texts(toasts)).toEqual([]);
    expect(document.activeElement).toBe(button);
    button.remove();
  });

  test('a mistake of the page itself is not dressed up as a refusal', () => {
    tellError(new OutageError({ kind: 'unreachable' }));
    expect(texts(toasts)).toEqual(['Could not reach the gateway']);
    expect(() => tellError(new TypeError('x is undefined'))).toThrow(TypeError);
  });
});
