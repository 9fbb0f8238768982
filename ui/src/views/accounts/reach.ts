/** What a client gets with the resource that it asked for. Pure. */

/**
 * The one server among `servers` whose endpoint the resource is; null where it is all of them,
 * or where that is not certain: nobody shall allow more than was said.
 */
export function serverOf(
  resource: string | null | undefined,
  servers: readonly string[],
): string | null {
  if (resource === null || resource === undefined) return null;
  const path = URL.canParse(resource) ? new URL(resource).pathname : resource;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.pop() !== 'mcp') return null;
  const name = decode(parts.at(-1) ?? '');
  return servers.includes(name) ? name : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
