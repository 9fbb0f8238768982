/** The desktop around the window. In a browser there is none, and `info` stays null. */

import {
  inWindow,
  onShellEvent,
  openPath,
  readDesktop,
  setAutostart,
  setLanguage,
  setTheme,
  type Desktop,
} from '../api/tauri';
import type { Words } from '../api/types';
import { say, t } from '../i18n';
import { preferences, recall, remember, type Language, type Theme } from './preferences.svelte';
import { toasts } from './toasts.svelte';

/** Whether the reader has put the note about missing tray icons away. */
const NO_TRAY_SEEN = 'mcp-gateway.no-tray-seen';

class DesktopState {
  /** What the shell says; null in a browser and until it has answered. */
  info = $state.raw<Desktop | null>(null);
  #noTraySeen = $state(recall(NO_TRAY_SEEN) !== null);

  /** Follows the desktop from now on. Returns what ends it. */
  start(): () => void {
    if (!inWindow()) return () => undefined;
    void this.#read();
    return onShellEvent('desktop-changed', () => void this.#read());
  }

  /** There is no tray icon to come back through, and the reader does not know yet. */
  get tellNoTray(): boolean {
    return this.info?.trayHost === false && !this.#noTraySeen;
  }

  noTraySeen(): void {
    this.#noTraySeen = true;
    remember(NO_TRAY_SEEN, 'yes');
  }

  async chooseLanguage(language: Language | null): Promise<void> {
    preferences.languageChoice = language;
    if (inWindow()) await this.#tell(setLanguage(language));
  }

  async chooseTheme(theme: Theme): Promise<void> {
    preferences.theme = theme;
    if (inWindow()) await this.#tell(setTheme(theme));
  }

  async chooseAutostart(on: boolean): Promise<void> {
    await this.#tell(setAutostart(on));
    await this.#read();
  }

  open(which: 'data' | 'config'): Promise<void> {
    return this.#tell(openPath(which));
  }

  async #read(): Promise<void> {
    try {
      this.info = await readDesktop();
    } catch {
      // A shell that cannot say keeps the page as it would be in a browser.
      return;
    }
    // The tray's menu speaks the language that was chosen here, in whichever window it was.
    const { language, theme } = this.info;
    if (language !== preferences.languageChoice) preferences.languageChoice = language;
    if ((theme ?? 'system') !== preferences.theme) preferences.theme = theme ?? 'system';
  }

  async #tell(done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      toasts.fail(isWords(error) ? say(error.message) : t().common.shellRefused);
    }
  }
}

const isWords = (error: unknown): error is { message: Words } =>
  typeof error === 'object' && error !== null && typeof (error as never)['message'] === 'object';

export const desktop = new DesktopState();
