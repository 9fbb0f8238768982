/**
 * What the reader chose: a language and a theme. Kept in the browser, never
 * in the gateway; the window's shell keeps it, too, for the tray (see `desktop`).
 */

export type Language = 'en' | 'zh';
export type Theme = 'system' | 'light' | 'dark';

const LANGUAGE = 'mcp-gateway.language';
/** Read by public/theme.js before the first paint, too. */
const THEME = 'mcp-gateway.theme';

class Preferences {
  /** null: like the system. */
  #choice = $state<Language | null>(rememberedLanguage());
  #theme = $state<Theme>(rememberedTheme() ?? 'system');

  /** The language that is spoken. */
  get language(): Language {
    return this.#choice ?? languageOf(navigator.languages);
  }

  set language(language: Language) {
    this.languageChoice = language;
  }

  /** The language that was chosen; null: whatever the system speaks. */
  get languageChoice(): Language | null {
    return this.#choice;
  }

  set languageChoice(choice: Language | null) {
    this.#choice = choice;
    remember(LANGUAGE, choice);
    this.apply();
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    remember(THEME, theme === 'system' ? null : theme);
    this.apply();
  }

  /** Puts both on the document: the language picks fonts and a screen reader's voice. */
  apply(): void {
    const root = document.documentElement;
    root.lang = this.language === 'zh' ? 'zh-CN' : 'en';
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
    root.style.colorScheme = '';
  }
}

/** The first language of the reader's list that the product speaks; English where there is none. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'zh' || primary === 'en') return primary;
  }
  return 'en';
}

function rememberedLanguage(): Language | null {
  const value = recall(LANGUAGE);
  return value === 'en' || value === 'zh' ? value : null;
}

function rememberedTheme(): Theme | null {
  const value = recall(THEME);
  return value === 'light' || value === 'dark' ? value : null;
}

/** What was remembered under `key`. A browser may close its storage to the page. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Remembers `value`, or forgets what was there; where storage is closed, it lasts as long as the page. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    return;
  }
}

export const preferences = new Preferences();
