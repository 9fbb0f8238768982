/** The only file that speaks Tauri: requests go to the gateway's router inside this very process. */

import { Channel, invoke, isTauri } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Words } from './types';

/** Whether the page is shown by the desktop window and not by a browser. */
export const inWindow: () => boolean = isTauri;

/** What came back: a status code as in HTTP and the text of the body. */
export interface Reply {
  status: number;
  body: string;
}

/** Sends a request through the command `api` of the desktop shell. */
export const sendInProcess = (method: string, path: string, body: string | null): Promise<Reply> =>
  invoke<Reply>('api', { method, path, body });

/** Lets a gateway that could not start try again. */
export const tryAgain = (): Promise<void> => invoke('try_again');

/** Ends the whole app in order. */
export const quit = (): Promise<void> => invoke('quit');

/** What arrives on the way of an answer that is sent piece by piece. */
export interface Pieces {
  head(status: number): void;
  chunk(text: string): void;
  end(): void;
  /** Nobody answered. */
  broken(): void;
}

type Message = { kind: 'head'; status: number } | { kind: 'chunk'; text: string } | { kind: 'end' };

let streams = 0;

/** Opens a stream through the command `stream` of the shell. Returns what ends it. */
export function openInProcess(
  method: string,
  path: string,
  body: string | null,
  pieces: Pieces,
): () => void {
  const id = (streams += 1);
  let open = true;
  const channel = new Channel<Message>((message) => {
    if (!open) return;
    if (message.kind === 'head') return pieces.head(message.status);
    if (message.kind === 'chunk') return pieces.chunk(message.text);
    open = false;
    pieces.end();
  });
  const broken = () => {
    if (!open) return;
    open = false;
    pieces.broken();
  };
  invoke('stream', { id, method, path, body, channel }).catch(broken);
  return () => {
    if (!open) return;
    open = false;
    // A stream that ended by itself in the meantime is stopped just as well.
    invoke('stop_stream', { id }).catch(() => undefined);
  };
}

/** What the window knows of the desktop around it. */
export interface Desktop {
  /** Whether the desktop shows tray icons. */
  trayHost: boolean;
  autostart: boolean;
  autostartError: Words | null;
  language: 'en' | 'zh' | null;
  theme: 'system' | 'light' | 'dark' | null;
  platform: 'linux' | 'macos' | 'windows';
}

export const readDesktop = (): Promise<Desktop> => invoke<Desktop>('desktop');
export const setAutostart = (on: boolean): Promise<void> => invoke('set_autostart', { on });
export const setLanguage = (language: Desktop['language']): Promise<void> =>
  invoke('set_language', { language });
export const setTheme = (theme: Desktop['theme']): Promise<void> => invoke('set_theme', { theme });
export const openPath = (which: 'data' | 'config'): Promise<void> => invoke('open_path', { which });

/** Shows the provider's page in the system's browser, where the reader is signed in already. */
export const openSignIn = (url: string): Promise<void> => invoke('open_sign_in', { url });

/** Something that has happened outside of the page. */
export interface Notice {
  good: boolean;
  message: Words;
  remedy: Words | null;
}

/** What the shell has to say; it gives each once. */
export const takeNotices = (): Promise<Notice[]> => invoke<Notice[]>('take_notices');

/** Calls `hear` with what the shell sends as `event`. Returns what ends it. */
export function onShellEvent<T>(
  event: 'go' | 'desktop-changed' | 'notices' | 'phase',
  hear: (payload: T) => void,
): () => void {
  let stopped = false;
  const heard = listen<T>(event, ({ payload }) => {
    if (!stopped) hear(payload);
  });
  return () => {
    stopped = true;
    void heard.then((unlisten) => unlisten());
  };
}
