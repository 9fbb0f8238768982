/** What the shell has to say, such as what came of a sign-in that ended in the browser. */

import { inWindow, onShellEvent, takeNotices, type Notice } from '../api/tauri';
import { say, t } from '../i18n';
import { toasts } from './toasts.svelte';

/** Shows it from now on, and what was said before the page was there. Returns what ends it. */
export function followNotices(): () => void {
  if (!inWindow()) return () => undefined;
  const stop = onShellEvent('notices', () => void showAll());
  void showAll();
  return stop;
}

async function showAll(): Promise<void> {
  try {
    for (const notice of await takeNotices()) show(notice);
  } catch {
    // A shell that cannot say keeps the page as it would be in a browser.
  }
}

function show({ good, message, remedy }: Notice): void {
  const said = remedy === null ? say(message) : t().common.sentences(say(message), say(remedy));
  // The gateway marks code with backticks; a message in one line goes without.
  const text = said.replaceAll('`', '');
  if (good) toasts.show(text);
  else toasts.fail(text);
}
