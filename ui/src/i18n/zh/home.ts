/** 首页的文字。 */

import type { Messages } from '../en';

export const home: Messages['home'] = {
  notices: '提示',

  clashes: '工具重名',
  clashesIntro: '两个工具都可以调用：后出现的那个使用自己的名称。',
  clashServer: '服务器',
  clashTool: '工具',
  clashName: '原本的名称',
  clashExposed: '对外名称',
};
