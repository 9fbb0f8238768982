/** 服务器相关界面的文字。 */

import type { Messages } from '../en';

export const servers: Messages['servers'] = {};
