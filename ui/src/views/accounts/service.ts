/** What somebody writes about a service of Alibaba Cloud, read. Pure. */

/** The path of a service: written as one, or taken from a whole address of the console. */
export function pathOf(text: string): string | null {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) {
    if (!URL.canParse(trimmed)) return null;
    const { pathname, search } = new URL(trimmed);
    return pathname === '/' ? null : pathname + search;
  }
  return /^\/[^\s/]\S*$/.test(trimmed) ? trimmed : null;
}

/** The site that a whole address belongs to, as far as it says. */
export function siteOf(text: string): 'intl' | 'cn' | null {
  const trimmed = text.trim();
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return null;
  const { hostname } = new URL(trimmed);
  if (!hostname.endsWith('.aliyuncs.com')) return null;
  return /\.cn-[a-z]+\./.test(hostname) ? 'cn' : 'intl';
}
