/** 设置界面的文字。 */

import type { Messages } from '../en';

export const settings: Messages['settings'] = {
  language: '语言',
};
