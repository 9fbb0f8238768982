/** Each language under its own name, which is the same whatever is spoken now. */

import type { Language } from '../../state/preferences.svelte';

export const languageNames: Record<Language, string> = { en: 'English', zh: '简体中文' };
