/** 页面的全部简体中文文字。 */

import type { Messages } from './en';
import { common } from './zh/common';
import { home } from './zh/home';
import { servers } from './zh/servers';
import { settings } from './zh/settings';

export const zh: Messages = { common, home, servers, settings };
