/** The tools of one server, read again when they may have changed. */

import { changeTool, readTools } from '../../api/gateway';
import type { ToolRow } from '../../api/types';
import { t } from '../../i18n';
import { wordsOf } from '../../state/outcome';
import { saved } from './actions';
import { keyed, type Keyed } from './keyed';

export class ToolListState {
  /** null: not read yet. */
  tools = $state.raw<readonly Keyed[] | null>(null);
  /** Why they could not be read (again). */
  problem = $state<string | null>(null);
  #reading = 0;

  constructor(readonly server: string) {}

  /** Reads them; of several answers on their way only the last one counts. */
  async load(): Promise<void> {
    this.#reading += 1;
    const own = this.#reading;
    try {
      const tools = await readTools(this.server);
      if (own !== this.#reading) return;
      this.tools = keyed(tools);
      this.problem = null;
    } catch (error) {
      if (own === this.#reading) this.problem = wordsOf(error);
    }
  }

  toggle(tool: ToolRow, on: boolean): Promise<boolean> {
    const name = tool.exposed ?? tool.own;
    const { switchedOn, switchedOff } = t().servers.tools;
    return this.#change({ tool: tool.own, on }, () => (on ? switchedOn(name) : switchedOff(name)));
  }

  rename(tool: ToolRow, name: string | null): Promise<boolean> {
    return this.#change({ tool: tool.own, rename: name }, (now) => {
      const words = t().servers.tools;
      const seen = now?.exposed ?? name ?? tool.own;
      return name === null ? words.renamedBack(tool.own, seen) : words.renamed(tool.own, seen);
    });
  }

  /** `text` is told the tool as it is afterwards: a name may have been taken. */
  #change(
    change: Parameters<typeof changeTool>[1],
    text: (now: ToolRow | undefined) => string,
  ): Promise<boolean> {
    let now: ToolRow | undefined;
    return saved(
      async () => {
        const result = await changeTool(this.server, change);
        await this.load();
        now = this.tools?.find(({ tool }) => tool.own === change.tool)?.tool;
        return result;
      },
      () => text(now),
    );
  }
}
