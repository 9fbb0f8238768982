/** What the settings say. */

export const settings = {
  language: 'Language',
};
