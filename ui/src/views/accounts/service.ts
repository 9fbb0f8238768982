/** What somebody writes about a service of Alibaba Cloud, read. Pure. */

export type Site = 'intl' | 'cn';

/**
 * The path of a service: written as one, or taken from a whole address of the console. Another
 * host's address is none: its host would be lost.
 */
export function pathOf(text: string): string | null {
  const address = addressOf(text);
  if (address !== null) {
    const { pathname, search } = address;
    return isCloud(address) && pathname !== '/' ? pathname + search : null;
  }
  const trimmed = text.trim();
  return /^\/[^\s/]\S*$/.test(trimmed) ? trimmed : null;
}

/** The site that a whole address belongs to; null where it does not say. */
export function siteOf(text: string): Site | null {
  const address = addressOf(text);
  if (address === null || !isCloud(address)) return null;
  return /\.cn-[a-z]+\./.test(address.hostname) ? 'cn' : 'intl';
}

const isCloud = ({ hostname }: URL) => hostname.endsWith('.aliyuncs.com');

function addressOf(text: string): URL | null {
  const trimmed = text.trim();
  return /^https?:\/\//i.test(trimmed) && URL.canParse(trimmed) ? new URL(trimmed) : null;
}
