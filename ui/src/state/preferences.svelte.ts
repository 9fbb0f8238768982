/** What the reader chose: a language and a theme. Kept in the browser, never in the gateway. */

export type Language = 'en' | 'zh';
export type Theme = 'system' | 'light' | 'dark';

const LANGUAGE = 'mcp-gateway.language';
/** Read by public/theme.js before the first paint, too. */
const THEME = 'mcp-gateway.theme';

class Preferences {
  #language = $state<Language>(rememberedLanguage() ?? languageOf(navigator.languages));
  #theme = $state<Theme>(rememberedTheme() ?? 'system');

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    remember(LANGUAGE, language);
    this.apply();
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    remember(THEME, theme);
    this.apply();
  }

  /** Puts both on the document: the language picks fonts and a screen reader's voice. */
  apply(): void {
    const root = document.documentElement;
    root.lang = this.#language === 'zh' ? 'zh-CN' : 'en';
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
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

// A browser may close its storage to the page; a choice then lasts as long as the page does.
function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

export const preferences = new Preferences();
