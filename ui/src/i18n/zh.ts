/** 页面的全部简体中文文字。 */

import type { Messages } from './en';
import { accounts } from './zh/accounts';
import { common } from './zh/common';
import { doctor } from './zh/doctor';
import { home } from './zh/home';
import { servers } from './zh/servers';
import { settings } from './zh/settings';

export const zh: Messages = { accounts, common, doctor, home, servers, settings };
