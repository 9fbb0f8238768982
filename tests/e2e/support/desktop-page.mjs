/** Finds things on the page of the window as a reader does: by what they are and what they are called. */

/** What an element is, for the roles that these tests ask for, when it does not say so itself. */
const NATIVE = {
  button: 'button, summary',
  link: 'a[href]',
  textbox: 'input:not([type]), input[type=text], input[type=search], textarea',
  radio: 'input[type=radio]',
  heading: 'h1, h2, h3',
  list: 'ul, ol',
  listitem: 'li',
  img: 'svg[aria-label], img',
  region: 'section[aria-label], section[aria-labelledby]',
};

/**
 * The body of a function of (role, name, within) that runs in the page and gives the first
 * visible element. A name is a text, which must be the whole, or `{source, flags}` of an
 * expression.
 */
export const FIND = `
  const NATIVE = ${JSON.stringify(NATIVE)};
  const [role, wanted, scope] = arguments;
  const tidy = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
  const texts = (ids) => ids.split(/\\s+/).map((id) => document.getElementById(id)?.textContent).join(' ');
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) return tidy(texts(by));
    const own = element.getAttribute('aria-label');
    if (own !== null) return tidy(own);
    if (element.labels?.length > 0) return tidy([...element.labels].map((one) => one.textContent).join(' '));
    return tidy(element.textContent);
  };
  const matches = (name) =>
    wanted === null || (typeof wanted === 'string' ? name === wanted : new RegExp(wanted.source, wanted.flags).test(name));
  // A radio button is drawn by its label.
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true }) &&
    (role === 'radio' || element.getClientRects().length > 0);
  const native = NATIVE[role] === undefined ? [] : NATIVE[role].split(', ').map((one) => one + ':not([role])');
  const all = (scope ?? document).querySelectorAll(['[role="' + role + '"]', ...native].join(', '));
  return [...all].find((element) => isSeen(element) && matches(nameOf(element))) ?? null;
`;

/** A name as it travels into the page. */
export const sendable = (name) =>
  name instanceof RegExp ? { source: name.source, flags: name.flags } : (name ?? null);
