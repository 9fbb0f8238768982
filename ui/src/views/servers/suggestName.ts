/** A short name for a server, from its command or address. */

/** Programs that run something else, named by their first plain argument. */
const LAUNCHERS = new Set(
  'npx bunx pnpx uvx pipx uv pnpm yarn npm bun node deno python python3 py tsx ts-node ruby php perl dotnet java go cargo docker podman nerdctl sh bash zsh cmd powershell pwsh'.split(
    ' ',
  ),
);
/** Words between a launcher and what it runs. */
const VERBS = new Set('run exec dlx tool x start /c /k'.split(' '));
/** Options of launchers that are followed by a value. */
const VALUED = new Set(
  '-p --package --from --with --directory --project --python -c --config -e --env --env-file -v --volume --mount --network --net --name --platform --user -u -w --workdir --entrypoint --add-host --memory --cpus --loader --import -r --require'.split(
    ' ',
  ),
);
/** File and folder names that say nothing about what the program is. */
const GENERIC = new Set(
  'index main server cli app start run __main__ mcp mod dist build out bin src lib release debug target stdio'.split(
    ' ',
  ),
);
/** Parts of a host name that say nothing about whose it is. */
const HOST_NOISE = new Set('mcp api www sse server remote app'.split(' '));

/** The name that fits best; empty where nothing suggests one. */
export function suggestName(server: { kind: string; command: string[]; url: string }): string {
  return server.kind === 'remote' ? fromUrl(server.url) : fromCommand(server.command);
}

/** `name`, or `name-2` and so on where others have it. */
export function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  for (let n = 2; ; n += 1) {
    const numbered = `${name}-${n}`;
    if (!taken.includes(numbered)) return numbered;
  }
}

function fromCommand(command: string[]): string {
  const program = baseName(command[0] ?? '');
  if (!LAUNCHERS.has(program)) return fromPath(command[0] ?? '');
  const target = launched(command.slice(1));
  // A launcher alone is a launcher still being typed.
  return target === null ? '' : fromTarget(target);
}

/** What the launcher runs: its first argument that is neither a verb nor an option. */
function launched(args: string[]): string | null {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '-m') return args[at + 1] ?? null;
    if (VALUED.has(word)) at += 1;
    else if (!word.startsWith('-') && !VERBS.has(word) && !LAUNCHERS.has(word)) return word;
  }
  return null;
}

function fromTarget(target: string): string {
  const repository = /^(?:git\+)?(?:https?|ssh|github|gitlab):\/?\/?(.*)$/.exec(target);
  if (repository)
    return bare(
      (repository[1] ?? '')
        .split(/[/#@?]/)
        .filter(Boolean)
        .pop() ?? '',
    );
  const scoped = /^@([^/]+)\/([^@]+)/.exec(target);
  if (scoped) {
    const own = bare(scoped[2] ?? '');
    return own === '' || GENERIC.has(own) ? bare(scoped[1] ?? '') : own;
  }
  // A package with its version, an image with its tag, a module, or a path.
  return fromPath(target.replace(/(.)(@|==|>=|~=|\[)[^/\\]*$/, '$1').replace(/:[\w.-]+$/, ''));
}

/** The last part of a path that says something. */
function fromPath(path: string): string {
  const parts = path.split(/[/\\]+/).filter((part) => part !== '' && !/^\.{1,2}$/.test(part));
  for (const part of parts.reverse()) {
    const name = bare(part.replace(/\.(m?js|cjs|ts|py|jar|exe|cmd|bat|sh|rb|php|dll)$/i, ''));
    if (name !== '' && !GENERIC.has(name) && !/^[a-z]:$/i.test(part)) return name;
  }
  return '';
}

function fromUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return '';
  }
  const path = parsed.pathname.split('/').map(bare);
  const own = path.find((part) => part !== '' && !HOST_NOISE.has(part) && !/^v\d+$/.test(part));
  const host = parsed.hostname;
  if (/^(localhost|\[.*\]|[\d.]+)$/.test(host)) return own ?? bare(`local-${parsed.port || '80'}`);
  const labels = host.split('.');
  const telling = labels.slice(0, -1).filter((label) => !HOST_NOISE.has(label));
  return bare(telling.pop() ?? labels[0] ?? '');
}

function baseName(path: string): string {
  const name = path.split(/[/\\]/).pop() ?? '';
  return name.replace(/\.(exe|cmd|bat)$/i, '').toLowerCase();
}

/** In small letters, without `mcp` and `server` around it, of signs that every client takes. */
function bare(name: string): string {
  let short = name
    .toLowerCase()
    .replace(/\.git$/, '')
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  for (;;) {
    const less = short.replace(/^(mcp|server)(-|$)/, '').replace(/(^|-)(mcp|server|js|py)$/, '');
    if (less === short) return short;
    short = less;
  }
}
