/** What the first screen says. */

export const home = {
  notices: 'Good to know',

  clashes: 'Same name, two tools',
  clashesIntro: 'Both can be called: the one that came later got a name of its own.',
  clashServer: 'Server',
  clashTool: 'Tool',
  clashName: 'Name it would have',
  clashExposed: 'Offered as',
};
