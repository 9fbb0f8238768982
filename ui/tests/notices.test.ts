/** What the shell has to say, in the window. */

import { emit } from '@tauri-apps/api/event';
import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Notice } from '../src/api/tauri';
import { followNotices } from '../src/state/notices';
import { preferences } from '../src/state/preferences.svelte';
import { toasts } from '../src/state/toasts.svelte';

let waiting: Notice[];
let stop: () => void;

const notice = (good: boolean, text: string, remedy: string | null = null): Notice => ({
  good,
  message: { en: text, zh: `${text}。` },
  remedy: remedy === null ? null : { en: remedy, zh: remedy },
});

const shown = () => toasts.list.map(({ tone, text }) => `${tone}: ${text}`);

beforeEach(() => {
  Object.assign(globalThis, { isTauri: true });
  preferences.languageChoice = 'en';
  waiting = [];
  mockIPC(
    (command) => {
      if (command !== 'take_notices') return undefined;
      const given = waiting;
      waiting = [];
      return given;
    },
    { shouldMockEvents: true },
  );
});

afterEach(async () => {
  stop();
  await new Promise((done) => setTimeout(done));
  toasts.list.forEach((toast) => toasts.dismiss(toast.id));
  clearMocks();
  Reflect.deleteProperty(globalThis, 'isTauri');
});

test('what was said before the page was there is shown, and what is said later, each once', async () => {
  waiting = [notice(false, 'A link was ignored.', 'Begin again.')];
  stop = followNotices();
  await vi.waitFor(() => expect(shown()).toEqual(['bad: A link was ignored. Begin again.']));
  waiting = [notice(true, 'Signed in.')];
  await emit('notices');
  await vi.waitFor(() =>
    expect(shown()).toEqual(['bad: A link was ignored. Begin again.', 'good: Signed in.']),
  );
  await emit('notices');
  await new Promise((done) => setTimeout(done, 20));
  expect(shown()).toHaveLength(2);
});

test('a browser has no shell to ask', async () => {
  Reflect.deleteProperty(globalThis, 'isTauri');
  waiting = [notice(true, 'Signed in.')];
  stop = followNotices();
  await new Promise((done) => setTimeout(done, 20));
  expect(shown()).toEqual([]);
});
