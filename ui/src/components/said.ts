/** How the gateway's words are set: `code` between backticks, and a sentence's capital. */

export interface Piece {
  text: string;
  code: boolean;
}

/** The pieces of a text. An odd last backtick is only a backtick. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(/`([^`\n]+)`/g)) {
    found.push({ text: text.slice(end, match.index), code: false });
    found.push({ text: match[1] ?? '', code: true });
    end = match.index + match[0].length;
  }
  found.push({ text: text.slice(end), code: false });
  const all = found.filter((piece) => piece.text !== '');
  const first = all[0];
  // In a terminal these words follow a colon; here they begin a paragraph. A first word that
  // is a name, with a digit, a dash or a slash in it, stays as it is.
  if (first && !first.code && /^\p{Ll}+(\s|$)/u.test(first.text)) {
    first.text = first.text.charAt(0).toUpperCase() + first.text.slice(1);
  }
  return all;
}
